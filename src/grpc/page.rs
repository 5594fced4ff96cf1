//! Pages of lists: their size in rows and bytes, and the tokens between them.

use prost::Message;

use super::request::Fields;
use crate::{
    domain::page::{self, Cursor},
    storage::{self, Error, List, Query, Store},
};

/// The rows that are read from the store at once. It bounds the memory for large rows.
const CHUNK: usize = 100;
/// The most rows that are examined for a page, whether they match or not.
pub(super) const MAX_LOOKED_AT: usize = 5_000;

/// The requested page.
pub(super) struct PageRequest {
    size: usize,
    after: Option<Cursor>,
    query: Vec<u8>,
    bytes: usize,
}

/// A page, ready to be sent.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    pub(super) next_page_token: String,
}

impl PageRequest {
    /// Parses the size and the token. A token of another query is rejected.
    pub(super) fn parse<Q: Query>(
        fields: &mut Fields,
        query: &Q,
        page_size: i32,
        page_token: &str,
    ) -> Option<Self> {
        let size = fields
            .violations
            .take("page_size", page::size(page_size.into()));
        let mut bytes = Q::NAME.as_bytes().to_vec();
        bytes.push(0);
        let query = serde_json::to_vec(query).map_err(|e| format!("cannot be checked: {e}"));
        bytes.extend(fields.violations.take("page_token", query)?);
        let after = fields
            .violations
            .take("page_token", Cursor::from_token(page_token, &bytes))?;
        Some(Self {
            size: size?,
            after,
            query: bytes,
            bytes: 0,
        })
    }

    /// Reserves room in the page for the rest of the answer.
    pub(super) fn beside(mut self, message: &[impl Message]) -> Self {
        self.bytes = message.iter().map(Message::encoded_len).sum();
        self
    }

    /// Reads the page; `convert` makes the message of a row.
    pub(super) async fn read<L: List, M: Message>(
        self,
        store: &Store,
        list: &L,
        convert: impl Fn(L::Row) -> M,
    ) -> Result<Page<M>, Error> {
        // One row more shows whether there is a next page.
        let rows_wanted = |found: usize, size: usize| (size + 1 - found).min(CHUNK);
        self.read_in_chunks(store, list, rows_wanted, |row| Some(convert(row)))
            .await
    }

    /// Reads the page of those rows that `convert` makes a message of. It also ends
    /// after [`MAX_LOOKED_AT`] examined rows, so it may be short or empty.
    pub(super) async fn read_matching<L: List, M: Message>(
        self,
        store: &Store,
        list: &L,
        convert: impl Fn(L::Row) -> Option<M>,
    ) -> Result<Page<M>, Error> {
        self.read_in_chunks(store, list, |_, _| CHUNK, convert)
            .await
    }

    async fn read_in_chunks<L: List, M: Message>(
        self,
        store: &Store,
        list: &L,
        rows_wanted: impl Fn(usize, usize) -> usize,
        convert: impl Fn(L::Row) -> Option<M>,
    ) -> Result<Page<M>, Error> {
        let mut rows = Vec::new();
        let mut bytes = self.bytes;
        let mut looked_at = 0;
        let mut after = self.after;
        loop {
            let limit = rows_wanted(rows.len(), self.size);
            let page = storage::Page {
                after: after.as_ref(),
                limit,
            };
            let chunk = list.rows(store, page).await?;
            let is_last = chunk.len() < limit;
            for row in chunk {
                let here = list.cursor(&row);
                let message = convert(row);
                bytes += message.as_ref().map_or(0, Message::encoded_len);
                let full = rows.len() == self.size
                    || bytes > page::MAX_BYTES && !rows.is_empty()
                    || looked_at == MAX_LOOKED_AT;
                if full {
                    return Ok(Page {
                        rows,
                        next_page_token: after
                            .map_or_else(String::new, |cursor| cursor.to_token(&self.query)),
                    });
                }
                rows.extend(message);
                looked_at += 1;
                after = Some(here);
            }
            if is_last {
                return Ok(Page {
                    rows,
                    next_page_token: String::new(),
                });
            }
        }
    }
}
