//! An address that stays while the servers behind it come and go.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

pub(crate) struct Front {
    address: SocketAddr,
    server: Arc<Mutex<SocketAddr>>,
    task: AbortHandle,
}

impl Front {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let server = Arc::new(Mutex::new(server));
        let pass_on = pass_on(listener, server.clone());
        Self {
            address,
            server,
            task: tokio::spawn(pass_on).abort_handle(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads new connections to another server.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.server.lock().expect("nobody panics with it") = server;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(listener: TcpListener, server: Arc<Mutex<SocketAddr>>) {
    loop {
        let (mut client, _) = listener.accept().await.expect("connections come in");
        let server = *server.lock().expect("nobody panics with it");
        tokio::spawn(async move {
            // Where there is no server now, or it goes, the client's connection is closed.
            if let Ok(mut server) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
