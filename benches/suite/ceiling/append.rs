//! The least that durability costs: each event appended as it came to one plain file, one fdatasync for all that
//! queued up, then the answers.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    thread,
};

use axum::Router;
use prost::Message;
use tokio::sync::{mpsc, oneshot};
use tonic::Status;
use versioner::{
    pb::{SubmitVersionEventRequest, SubmitVersionEventResponse},
    storage::MAX_BATCH,
};

use super::{SUBMITTED, call, noop};
use crate::{Result, event::SUBMIT};

/// Events that may wait; as many as the service lets wait.
const QUEUE: usize = 4_096;

type Queued = (Vec<u8>, oneshot::Sender<()>);

pub(crate) fn router(folder: &Path) -> Result<Router> {
    let submitted: SubmitVersionEventResponse = noop::read(folder, SUBMITTED)?;
    let file = File::create(folder.join("log"))?;
    let (queue, queued) = mpsc::channel(QUEUE);
    thread::spawn(move || {
        if let Err(error) = append(file, queued) {
            tracing::error!(%error, "appending");
        }
    });
    let submit = move |request: SubmitVersionEventRequest| {
        let (queue, submitted) = (queue.clone(), submitted.clone());
        async move {
            let (done, written) = oneshot::channel();
            let gone = |_| Status::unavailable("the log cannot be written");
            let queued = (request.encode_length_delimited_to_vec(), done);
            queue.send(queued).await.map_err(|_| gone(()))?;
            written.await.map_err(|_| gone(()))?;
            Ok(submitted)
        }
    };
    Ok(Router::new().route(SUBMIT, call(submit)))
}

fn append(mut file: File, mut queued: mpsc::Receiver<Queued>) -> io::Result<()> {
    let mut batch = Vec::new();
    let mut bytes = Vec::new();
    while queued.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
        bytes.clear();
        for (event, _) in &batch {
            bytes.extend_from_slice(event);
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        for (_, done) in batch.drain(..) {
            // Who called may be gone.
            let _ = done.send(());
        }
    }
    Ok(())
}
