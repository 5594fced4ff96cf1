//! One connection, HTTP/2 or HTTP/1, from its first byte to its end, with the limits that keep the cost of a bad peer
//! low. Knows nothing of the calls on it.

use std::{io::Cursor, net::SocketAddr, time::Duration};

use axum::body::Body;
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};
use tonic::transport::server::TcpConnectInfo;
use tower::ServiceExt;

use super::{drain::Shutdown, first_bytes, layers::Stack};

/// How a connection is served.
pub(crate) struct Connection {
    http: auto::Builder<TokioExecutor>,
    stack: Stack,
    shutdown: Shutdown,
    first_bytes_timeout: Duration,
}

impl Connection {
    pub(crate) fn new(stack: Stack, shutdown: Shutdown, first_bytes_timeout: Duration) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(200)
            // A connection with more streams reset by the peer is ended: the rapid-reset attack.
            .max_local_error_reset_streams(Some(1024))
            // Bytes that a peer may send before they are read, for one stream and for all streams.
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(2 * 1024 * 1024)
            // Bytes that are kept for a peer that does not read, for one stream.
            .max_send_buf_size(256 * 1024)
            .max_header_list_size(16 * 1024)
            // A peer that disappears is noticed within 80 seconds.
            .keep_alive_interval(Some(Duration::from_secs(60)))
            .keep_alive_timeout(Duration::from_secs(20));
        http.http1()
            .timer(TokioTimer::new())
            // Also the time that a connection may be idle between two requests.
            .header_read_timeout(Duration::from_secs(30));
        Connection {
            http,
            stack,
            shutdown,
            first_bytes_timeout,
        }
    }

    /// Serves until the peer closes it, breaks the protocol, or the server ends.
    pub(crate) async fn serve(&self, mut stream: TcpStream, peer: SocketAddr) {
        // Without it a small answer waits for the peer's delayed acknowledgement, 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            return tracing::debug!(%peer, %error, "connection closed");
        }
        let connect_info = TcpConnectInfo {
            local_addr: stream.local_addr().ok(),
            remote_addr: Some(peer),
        };
        let read = timeout(self.first_bytes_timeout, first_bytes::read(&mut stream));
        let first_bytes = tokio::select! {
            () = self.shutdown.stopping.cancelled() => return,
            read = read => match read {
                Ok(Ok(first_bytes)) => first_bytes,
                Ok(Err(error)) => return tracing::debug!(%peer, %error, "connection closed"),
                Err(_) => return tracing::debug!(%peer, "connection closed: it sent no request in time"),
            },
        };

        let (read, write) = stream.into_split();
        let io = TokioIo::new(tokio::io::join(Cursor::new(first_bytes).chain(read), write));
        let stack = self.stack.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(connect_info.clone());
            stack.clone().oneshot(request)
        });
        let mut connection = std::pin::pin!(self.http.serve_connection(io, service));
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = self.shutdown.stopping.cancelled() => None,
            () = self.shutdown.cut.cancelled() => return,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.shutdown.cut.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, error, "connection ended with an error");
        }
    }
}
