//! Documents on their way to the server: as arrays of columns, or in the binary form of COPY.

use std::sync::Arc;

use bytes::Bytes;
use dataknobs_data_core::{Record, RecordId};
use tokio_postgres::types::Type;

use crate::document::write::DocumentWriter;
use crate::sql::{ArrayParameter, KeyType, Parameter};

/// About so much is handed to the driver at once.
const PIECE: usize = 64 * 1024;

/// Records as arrays of columns.
pub(crate) struct Arrays {
    key: KeyType,
    columns: [ArrayParameter; 4],
    text: Vec<u8>,
    rows: usize,
}

impl Arrays {
    pub(crate) fn new(key: KeyType) -> Self {
        let columns = [&key.element(), &Type::JSONB, &Type::JSONB, &Type::TEXT].map(ArrayParameter::of);
        Arrays { key, columns, text: Vec::new(), rows: 0 }
    }

    pub(crate) fn push(&mut self, writer: &mut DocumentWriter, id: Option<&RecordId>, record: &Record) {
        self.text.clear();
        let (meta, order) = writer.write(record, &mut self.text);
        let [ids, data, metas, orders] = &mut self.columns;
        ids.push(id.and_then(|id| self.key.bytes(id)).as_deref());
        data.push_json(Some(&self.text));
        metas.push_json(meta.as_deref());
        orders.push(order.as_deref().map(str::as_bytes));
        self.rows += 1;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.columns.iter().map(ArrayParameter::len).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(crate) fn finish(self) -> [Parameter; 4] {
        self.columns.map(ArrayParameter::finish)
    }
}

/// Rows in the binary form of COPY, in pieces.
pub(crate) struct CopyPieces<I> {
    key: KeyType,
    rows: I,
    writer: DocumentWriter,
    piece: Vec<u8>,
    started: bool,
    ended: bool,
}

impl<I> CopyPieces<I> {
    pub(crate) fn new(key: KeyType, rows: I) -> Self {
        CopyPieces { key, rows, writer: DocumentWriter::default(), piece: Vec::new(), started: false, ended: false }
    }

    fn push(&mut self, id: &RecordId, record: &Record) {
        let piece = &mut self.piece;
        piece.extend_from_slice(&4i16.to_be_bytes());
        match self.key {
            KeyType::Text => push_field(piece, id.as_bytes()),
            key => push_field(piece, &key.bytes(id).unwrap_or_default()),
        }
        let start = piece.len();
        piece.extend_from_slice(&[0, 0, 0, 0, 1]); // the length, when it is known, and the version of the binary form
        let (meta, order): (_, Option<Arc<str>>) = self.writer.write(record, piece);
        let length = (piece.len() - start - 4) as i32;
        piece[start..start + 4].copy_from_slice(&length.to_be_bytes());
        match meta {
            Some(meta) => {
                piece.extend_from_slice(&(meta.len() as i32 + 1).to_be_bytes());
                piece.push(1);
                piece.extend_from_slice(&meta);
            }
            None => piece.extend_from_slice(&(-1i32).to_be_bytes()),
        }
        match order {
            Some(order) => push_field(piece, order.as_bytes()),
            None => piece.extend_from_slice(&(-1i32).to_be_bytes()),
        }
    }
}

fn push_field(piece: &mut Vec<u8>, bytes: &[u8]) {
    piece.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
    piece.extend_from_slice(bytes);
}

impl<'a, I: Iterator<Item = (&'a RecordId, &'a Record)>> Iterator for CopyPieces<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        self.piece = Vec::with_capacity(PIECE + PIECE / 8);
        if !self.started {
            self.started = true;
            // No flags, and no extension of the header.
            self.piece.extend_from_slice(b"PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0");
        }
        while self.piece.len() < PIECE {
            match self.rows.next() {
                Some((id, record)) => self.push(id, record),
                None => {
                    self.ended = true;
                    self.piece.extend_from_slice(&(-1i16).to_be_bytes());
                    break;
                }
            }
        }
        Some(Bytes::from(std::mem::take(&mut self.piece)))
    }
}
