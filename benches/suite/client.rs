//! A gRPC client that does as little as possible, so that the server is what is measured: HTTP/2 frames, messages
//! that are encoded already, one thread. Knows no message.

use std::net::SocketAddr;

use h2::{RecvStream, client::SendRequest};
use http::{HeaderMap, HeaderValue, Request, header::CONTENT_TYPE};
use prost::{
    Message,
    bytes::{BufMut, Bytes, BytesMut},
};
use tokio::net::TcpStream;

use crate::Result;

/// What the server allows on one connection.
pub(crate) const STREAMS_A_CONNECTION: usize = 200;
/// What may be received ahead of its being read: enough never to wait for.
const WINDOW_BYTES: u32 = 16 * 1024 * 1024;
/// Of a message's frame: a flag and the length.
const PREFIX_BYTES: usize = 5;

/// Some connections to one server.
#[derive(Clone)]
pub(crate) struct Client {
    authority: String,
    connections: Vec<SendRequest<Bytes>>,
}

/// How a call ended.
pub(crate) struct Answer {
    /// Of `google.rpc.Code`.
    pub(crate) code: u32,
    message: String,
    body: Bytes,
}

/// A server's stream that is held open.
pub(crate) struct Held(#[expect(dead_code, reason = "held for its being open")] RecvStream);

impl Client {
    pub(crate) async fn connect(address: SocketAddr, connections: usize) -> Result<Client> {
        let mut client = Client {
            authority: address.to_string(),
            connections: Vec::new(),
        };
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (requests, connection) = h2::client::Builder::new()
                .initial_window_size(WINDOW_BYTES)
                .initial_connection_window_size(WINDOW_BYTES)
                .initial_max_send_streams(STREAMS_A_CONNECTION)
                .handshake(stream)
                .await?;
            // It ends with the last handle; an error is met by each call on it.
            tokio::spawn(connection);
            client.connections.push(requests);
        }
        Ok(client)
    }

    /// As many connections as so many calls at once need.
    pub(crate) async fn for_calls(address: SocketAddr, in_flight: usize) -> Result<Client> {
        Client::connect(address, in_flight.div_ceil(STREAMS_A_CONNECTION)).await
    }

    /// One call, on the `nth` connection (round and round).
    pub(crate) async fn call(
        &self,
        nth: usize,
        path: &'static str,
        framed: Bytes,
    ) -> Result<Answer> {
        let (mut stream, status) = self.open(nth, path, framed).await?;
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.data().await {
            let chunk = chunk?;
            stream.flow_control().release_capacity(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        let (code, message) = match status {
            Some(status) => status,
            None => {
                let trailers = stream
                    .trailers()
                    .await?
                    .ok_or("an answer without trailers")?;
                status_of(&trailers).ok_or("an answer without a status")?
            }
        };
        let body = match body.len() {
            0 => Bytes::new(),
            _ => body.freeze().slice(PREFIX_BYTES..),
        };
        Ok(Answer {
            code,
            message,
            body,
        })
    }

    /// Opens a server's stream, waits for its first message, and leaves it at that.
    pub(crate) async fn hold(&self, nth: usize, path: &'static str, framed: Bytes) -> Result<Held> {
        let (mut stream, status) = self.open(nth, path, framed).await?;
        match (status, stream.data().await) {
            (None, Some(Ok(first))) => {
                stream.flow_control().release_capacity(first.len())?;
                Ok(Held(stream))
            }
            (Some((code, message)), _) => Err(format!("{path}: {code} {message}").into()),
            (None, _) => Err(format!("{path} ended at once").into()),
        }
    }

    /// Sends the one message of a call; returns the answer's stream, and its status where nothing else comes.
    async fn open(
        &self,
        nth: usize,
        path: &'static str,
        framed: Bytes,
    ) -> Result<(RecvStream, Option<(u32, String)>)> {
        let connection = &self.connections[nth % self.connections.len()];
        let request = Request::post(format!("http://{}{path}", self.authority))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/grpc"))
            .header("te", HeaderValue::from_static("trailers"))
            .body(())?;
        let mut ready = connection.clone().ready().await?;
        let (response, mut stream) = ready.send_request(request, false)?;
        stream.send_data(framed, true)?;
        let response = response.await?;
        let status = status_of(response.headers());
        Ok((response.into_body(), status))
    }
}

impl Answer {
    /// The message, or what went wrong.
    pub(crate) fn ok(self) -> Result<Bytes> {
        match self.code {
            0 => Ok(self.body),
            code => Err(format!("code {code}: {}", self.message).into()),
        }
    }

    /// What went wrong, in words.
    pub(crate) fn trouble(&self) -> Option<String> {
        (self.code != 0).then(|| format!("code {}: {}", self.code, self.message))
    }

    pub(crate) fn body_bytes(&self) -> usize {
        self.body.len()
    }
}

/// A message as it goes over the wire.
pub(crate) fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + length);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    framed.extend_from_slice(&message.encode_to_vec());
    framed.freeze()
}

fn status_of(headers: &HeaderMap) -> Option<(u32, String)> {
    let code = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
    let message = headers
        .get("grpc-message")
        .map_or("", |value| value.to_str().unwrap_or("?"));
    Some((code, message.to_owned()))
}
