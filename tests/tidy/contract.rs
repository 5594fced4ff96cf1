//! Rules for the contract in `proto/`, read from its descriptors. Knows no server.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{
    DescriptorPool, DynamicMessage, FileDescriptor, MethodDescriptor, ReflectMessage,
    ServiceDescriptor, Value,
};
use prost_types::method_options::IdempotencyLevel;

/// The words that a language does not allow as a name, and where it lists them.
struct Language {
    name: &'static str,
    words: &'static str,
}

const LANGUAGES: [Language; 5] = [
    // https://docs.python.org/3/reference/lexical_analysis.html#keywords
    Language {
        name: "Python",
        words: "False None True and as assert async await break class continue def del elif else except finally for \
                from global if import in is lambda nonlocal not or pass raise return try while with yield",
    },
    // https://go.dev/ref/spec#Keywords
    Language {
        name: "Go",
        words: "break case chan const continue default defer else fallthrough for func go goto if import interface \
                map package range return select struct switch type var",
    },
    // https://docs.oracle.com/javase/specs/jls/se21/html/jls-3.html#jls-3.9 and 3.10.3, 3.10.8
    Language {
        name: "Java",
        words: "_ abstract assert boolean break byte case catch char class const continue default do double else \
                enum extends final finally float for goto if implements import instanceof int interface long \
                native new package private protected public return short static strictfp super switch \
                synchronized this throw throws transient try void volatile while true false null",
    },
    // https://tc39.es/ecma262/#prod-ReservedWord, and the words that strict mode adds
    Language {
        name: "TypeScript",
        words: "await break case catch class const continue debugger default delete do else enum export extends \
                false finally for function if import in instanceof new null return super switch this throw true \
                try typeof var void while with yield implements interface let package private protected public \
                static",
    },
    // https://doc.rust-lang.org/reference/keywords.html
    Language {
        name: "Rust",
        words: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop \
                match mod move mut pub ref return self Self static struct super trait true type unsafe use where \
                while abstract become box do final gen macro override priv try typeof unsized virtual yield",
    },
];

/// The beginnings of the names of calls that only read.
const READS: [&str; 6] = ["Get", "List", "Watch", "Compare", "Trace", "Check"];

const PACKAGE: &str = "versioner.v1";
const REASONS: &str = "versioner.v1.ErrorReason";

/// Fields whose name is a reserved word of a language that clients are written in.
pub(crate) fn reserved_names() -> Vec<String> {
    let mut offences = Vec::new();
    for message in pool().all_messages() {
        if message.package_name() != PACKAGE {
            continue;
        }
        let fields = message
            .fields()
            .flat_map(|field| [field.name().to_owned(), field.json_name().to_owned()]);
        let oneofs = message.oneofs().map(|oneof| oneof.name().to_owned());
        let names: BTreeSet<String> = fields.chain(oneofs).collect();
        for name in names {
            for language in &LANGUAGES {
                if language.words.split_whitespace().any(|word| word == name) {
                    let message = message.name();
                    offences.push(format!("{message}.{name}: reserved in {}", language.name));
                }
            }
        }
    }
    offences
}

/// Files that do not say where generated code belongs.
pub(crate) fn files_without_options() -> Vec<String> {
    let mut offences = Vec::new();
    for file in files() {
        let options = file.file_descriptor_proto().options.clone();
        let options = options.unwrap_or_default();
        let path = file.name();
        let stem = path.rsplit('/').next().unwrap_or(path);
        let class = pascal_case(stem.trim_end_matches(".proto")) + "Proto";
        let mut expect = |option: &str, found: &str, expected: &str| {
            if found != expected {
                let what = format!("{option} is {found:?}, not {expected:?}");
                offences.push(format!("proto/{path}: {what}"));
            }
        };
        expect(
            "go_package",
            options.go_package(),
            "versioner.dev/go/versioner/v1;versionerv1",
        );
        expect("java_package", options.java_package(), "dev.versioner.v1");
        expect(
            "java_multiple_files",
            &options.java_multiple_files().to_string(),
            "true",
        );
        expect(
            "java_outer_classname",
            options.java_outer_classname(),
            &class,
        );
    }
    offences
}

/// Calls whose `idempotency_level` does not fit their name.
pub(crate) fn wrong_idempotency_levels() -> Vec<String> {
    let mut offences = Vec::new();
    for method in methods() {
        let options = method.method_descriptor_proto().options.clone();
        let level = options.unwrap_or_default().idempotency_level();
        let reads = READS.iter().any(|read| method.name().starts_with(read));
        if reads != (level == IdempotencyLevel::NoSideEffects) {
            offences.push(format!("{}: {}", method.full_name(), level.as_str_name()));
        }
    }
    offences
}

/// Calls and services whose comment lists other reasons of errors than their rules.
pub(crate) fn wrong_lists_of_errors() -> Vec<String> {
    let comments = Comments::of_contract();
    let reasons = reasons();
    let mut offences = Vec::new();
    let mut compare = |name: &str, in_comment: BTreeSet<String>, in_rules: BTreeSet<String>| {
        let only = |these: &BTreeSet<String>, others: &BTreeSet<String>| {
            let only: Vec<&str> = these.difference(others).map(String::as_str).collect();
            only.join(", ")
        };
        if in_comment != in_rules {
            offences.push(format!(
                "{name}: only in the comment: [{}], only in the rules: [{}]",
                only(&in_comment, &in_rules),
                only(&in_rules, &in_comment)
            ));
        }
    };
    for service in services() {
        let comment = comments.of(&service.parent_file(), &place(&service));
        let rules = option(&service.options(), "service_rules");
        let mut in_rules = reasons_in(rules.as_ref(), "errors");
        in_rules.extend(reasons_in(rules.as_ref(), "write_errors"));
        let in_comment = in_parentheses(comment, &reasons);
        compare(service.full_name(), in_comment, in_rules);
    }
    for method in methods() {
        let service = method.parent_service();
        let path = [place(service), vec![2, index(method.index())]].concat();
        let comment = comments.of(&service.parent_file(), &path);
        let errors = comment
            .split_once("Errors:")
            .map_or("", |(_, errors)| errors);
        let rules = option(&method.options(), "method_rules");
        let in_rules = reasons_in(rules.as_ref(), "errors");
        compare(
            method.full_name(),
            in_parentheses(errors, &reasons),
            in_rules,
        );
    }
    offences
}

/// Reasons of errors whose comment does not say what they mean.
pub(crate) fn undocumented_reasons() -> Vec<String> {
    let comments = Comments::of_contract();
    let pool = pool();
    let reasons = pool.get_enum_by_name(REASONS).expect("the reasons");
    let mut offences = Vec::new();
    for (at, reason) in reasons.values().enumerate() {
        let comment = comments.of(&reasons.parent_file(), &[5, 0, 2, index(at)]);
        let has_meaning = match comment.split_once(": ") {
            // The code, such as NOT_FOUND.
            Some((code, meaning)) => {
                code.trim_start()
                    .starts_with(|c: char| c.is_ascii_uppercase())
                    && !meaning.trim().is_empty()
            }
            None => reason.number() == 0,
        };
        if !has_meaning {
            offences.push(reason.name().to_owned());
        }
    }
    offences
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(versioner::pb::DESCRIPTORS).expect("the descriptors")
}

fn files() -> Vec<FileDescriptor> {
    let files = pool();
    let files = files.files().filter(|file| file.package_name() == PACKAGE);
    let files: Vec<FileDescriptor> = files.collect();
    assert!(!files.is_empty(), "the contract has no files");
    files
}

fn services() -> Vec<ServiceDescriptor> {
    let services: Vec<_> = files()
        .iter()
        .flat_map(|file| file.services().collect::<Vec<_>>())
        .collect();
    assert!(!services.is_empty(), "the contract has no services");
    services
}

fn methods() -> Vec<MethodDescriptor> {
    let services = services();
    services
        .iter()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect()
}

/// The names of the reasons, without their prefix.
fn reasons() -> BTreeSet<String> {
    let pool = pool();
    let reasons = pool.get_enum_by_name(REASONS).expect("the reasons");
    reasons
        .values()
        .map(|reason| without_prefix(reason.name()))
        .collect()
}

fn without_prefix(reason: &str) -> String {
    reason.trim_start_matches("ERROR_REASON_").to_owned()
}

/// The reasons that a text has in parentheses: what stands before them is the code.
fn in_parentheses(text: &str, reasons: &BTreeSet<String>) -> BTreeSet<String> {
    let parentheses = text
        .split('(')
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    parentheses
        .flat_map(|text| text.split(|c: char| !c.is_ascii_uppercase() && c != '_'))
        .filter(|word| reasons.contains(*word))
        .map(str::to_owned)
        .collect()
}

/// The message that an option of the contract has.
fn option(options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let full_name = format!("{PACKAGE}.{name}");
    options
        .extensions()
        .find(|(extension, _)| extension.full_name() == full_name)
        .and_then(|(_, value)| value.as_message().cloned())
}

fn reasons_in(rules: Option<&DynamicMessage>, field: &str) -> BTreeSet<String> {
    let Some(rules) = rules else {
        return BTreeSet::new();
    };
    let reasons = rules.descriptor().parent_pool().get_enum_by_name(REASONS);
    let reasons = reasons.expect("the reasons");
    let value = rules.get_field_by_name(field).expect("the field");
    let numbers = value.as_list().unwrap_or_default().iter();
    numbers
        .filter_map(Value::as_enum_number)
        .filter_map(|number| reasons.get_value(number))
        .map(|reason| without_prefix(reason.name()))
        .collect()
}

/// The comments before each element of the contract's files, by file and path
/// (`google.protobuf.SourceCodeInfo`).
struct Comments(BTreeMap<(String, Vec<i32>), String>);

impl Comments {
    fn of_contract() -> Self {
        let mut comments = BTreeMap::new();
        for file in files() {
            let proto = file.file_descriptor_proto();
            let locations = proto
                .source_code_info
                .iter()
                .flat_map(|info| &info.location);
            for location in locations {
                let key = (file.name().to_owned(), location.path.clone());
                comments.insert(key, location.leading_comments().to_owned());
            }
        }
        Self(comments)
    }

    fn of(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        let key = (file.name().to_owned(), path.to_vec());
        self.0.get(&key).map_or("", String::as_str)
    }
}

/// The path of a service in its file.
fn place(service: &ServiceDescriptor) -> Vec<i32> {
    let file = service.parent_file();
    let at = file.services().position(|other| other == *service);
    vec![6, index(at.expect("a service of the file"))]
}

fn index(at: usize) -> i32 {
    i32::try_from(at).expect("a small number")
}

/// `event_service` as `EventService`.
fn pascal_case(name: &str) -> String {
    let words = name.split('_');
    words
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}
