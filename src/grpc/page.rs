//! Pages of lists: their size in rows and bytes, and the tokens between them.

use prost::Message;

use super::request::Fields;
use crate::{
    domain::page::{self, Cursor},
    storage::{self, Error, List, Store},
};

/// Rows that are read from the store at once: large ones must not pile up.
const CHUNK: usize = 100;

/// Which page was asked for.
pub(super) struct PageRequest {
    size: usize,
    after: Option<Cursor>,
    query: Vec<u8>,
}

/// A page, ready to be sent.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    pub(super) next_page_token: String,
}

impl PageRequest {
    /// Parses the size and the token. A token of another query is refused.
    pub(super) fn parse<Q: List>(
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
        let query = serde_json::to_vec(query).map_err(|e| format!("can't be checked: {e}"));
        bytes.extend(fields.violations.take("page_token", query)?);
        let after = fields
            .violations
            .take("page_token", Cursor::from_token(page_token, &bytes))?;
        Some(Self {
            size: size?,
            after,
            query: bytes,
        })
    }

    /// Reads the page; `convert` makes the message of a row.
    pub(super) async fn read<Q: List, M: Message>(
        self,
        store: &Store,
        query: &Q,
        convert: impl Fn(Q::Row) -> M,
    ) -> Result<Page<M>, Error> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        let mut after = self.after;
        loop {
            // One row more tells whether there is a next page.
            let limit = (self.size + 1 - rows.len()).min(CHUNK);
            let page = storage::Page {
                after: after.as_ref(),
                limit,
            };
            let chunk = query.rows(store, page).await?;
            let is_last = chunk.len() < limit;
            for row in chunk {
                let here = query.cursor(&row);
                let message = convert(row);
                bytes += message.encoded_len();
                let full = rows.len() == self.size || bytes > page::MAX_BYTES && !rows.is_empty();
                if full {
                    return Ok(Page {
                        rows,
                        next_page_token: after
                            .map_or_else(String::new, |cursor| cursor.to_token(&self.query)),
                    });
                }
                rows.push(message);
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
