//! A terminal for the program under test. Knows nothing of the program.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    process::Stdio,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

/// Both ends of a terminal.
pub(crate) struct Terminal {
    person: File,
    program: File,
}

impl Terminal {
    pub(crate) fn open() -> Terminal {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let program = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        Terminal {
            person: person.into(),
            program: program.into(),
        }
    }

    /// The end of the program.
    pub(crate) fn stdio(&self) -> Stdio {
        self.program.try_clone().unwrap().into()
    }

    /// All that was shown, once no program has the terminal any more.
    pub(crate) fn shown(self) -> String {
        let Terminal {
            mut person,
            program,
        } = self;
        drop(program);
        let mut shown = Vec::new();
        match person.read_to_end(&mut shown) {
            // Linux reports the end of a terminal as an error of the device (EIO).
            Ok(_) => {}
            Err(error) if error.kind() != ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
        String::from_utf8(shown).unwrap()
    }
}
