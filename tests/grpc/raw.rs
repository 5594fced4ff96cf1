//! Calls of any method with any message, by the descriptors of the contract.

use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::{
    Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};

/// Messages as bytes.
pub(crate) struct Raw;

impl Raw {
    /// Calls a method that has one request, and returns the first message of the answer.
    pub(crate) async fn call(
        channel: &Channel,
        method: &MethodDescriptor,
        request: &DynamicMessage,
    ) -> Result<Vec<u8>, Status> {
        let service = method.parent_service();
        let path = format!("/{}/{}", service.full_name(), method.name());
        let mut client = Grpc::new(channel.clone());
        client.ready().await.expect("a connection");
        let request = tonic::Request::new(request.encode_to_vec());
        let path = path.try_into().expect("a path");
        let mut answer = client.server_streaming(request, path, Raw).await?;
        let message = answer.get_mut().message().await?;
        Ok(message.expect("a message"))
    }
}

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}
