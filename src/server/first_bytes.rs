//! The first bytes of a connection: an HTTP/2 preface or the head of an HTTP/1 request. Knows of HTTP only where
//! these end.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A longer head goes to the parser as it is, which refuses it.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Reads until a peer has sent the beginning of HTTP, so that this can have a deadline. The parser reads the bytes
/// again. (Peeking instead would loop on a peer that sends half a preface.)
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    while !is_enough(&bytes) {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(bytes)
}

fn is_enough(bytes: &[u8]) -> bool {
    if HTTP2_PREFACE.starts_with(bytes) {
        return bytes.len() == HTTP2_PREFACE.len();
    }
    bytes.starts_with(HTTP2_PREFACE)
        || bytes.len() >= MAX_HEAD_BYTES
        || bytes.windows(3).any(|end| end == b"\n\r\n")
        || bytes.windows(2).any(|end| end == b"\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preface_or_a_whole_head_is_enough() {
        for enough in [
            HTTP2_PREFACE,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\nhost: x\n\nbody",
            b"PRI\r\n\r\n",
            &[b'x'; MAX_HEAD_BYTES],
        ] {
            assert!(is_enough(enough), "{}", enough.escape_ascii());
        }
        for short in [
            b"".as_slice(),
            b"PRI * HTTP/2.0\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: x\r\n",
            b"\x16\x03\x01",
        ] {
            assert!(!is_enough(short), "{}", short.escape_ascii());
        }
    }
}
