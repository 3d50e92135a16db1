//! One block of JSON as records.

use dataknobs_data_core::{Matcher, Record};
use foldhash::fast::RandomState;
use memchr::memchr;

use crate::blocks::{BlockRecords, Buffer, Irregular, Keys, RowForm, Wish};
use crate::format::json_record::Assembler;
use crate::format::json_row::Row;
use crate::format::json_skim::Skim;
use crate::key::Key;
use crate::version::version_of;

/// Makes the records of blocks, one after another.
pub(super) struct JsonRecords {
    form: RowForm,
    key: Key,
    skim: Option<Skim>,
    matcher: Option<Matcher>,
    assembler: Assembler,
    with_versions: bool,
    max_record_bytes: usize,
    hasher: RandomState,
}

impl JsonRecords {
    /// Of the records that fit the condition.
    pub(super) fn new(form: RowForm, wish: Wish<'_>) -> Self {
        let Wish { key, condition, with_versions, max_record_bytes, hasher } = wish;
        JsonRecords {
            form,
            skim: Skim::new(condition, key),
            key: key.clone(),
            matcher: (!condition.is_true()).then(|| Matcher::new(condition)),
            assembler: Assembler::default(),
            with_versions,
            max_record_bytes,
            hasher,
        }
    }

    pub(super) fn decode(&mut self, buffer: &Buffer) -> Result<BlockRecords, Irregular> {
        let text = std::str::from_utf8(buffer.bytes()).map_err(|_| Irregular)?;
        let mut found = BlockRecords { rows: 0, records: Vec::new(), keys: Keys::of(&self.key) };
        if self.form == RowForm::Elements {
            for (start, end) in buffer.elements() {
                self.add(&mut found, &text[*start as usize..*end as usize])?;
            }
            return Ok(found);
        }
        let mut rest = text;
        while let Some(end) = memchr(b'\n', rest.as_bytes()) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            if line.len() > self.max_record_bytes {
                return Err(Irregular);
            }
            if !line.bytes().all(|byte| byte.is_ascii_whitespace()) {
                self.add(&mut found, line)?;
            }
        }
        Ok(found)
    }

    fn add(&mut self, found: &mut BlockRecords, text: &str) -> Result<(), Irregular> {
        if text.len() > self.max_record_bytes {
            return Err(Irregular);
        }
        let place = u32::try_from(found.rows).map_err(|_| Irregular)?;
        found.rows += 1;
        if let Some(skimmed) = self.skim.as_mut().and_then(|skim| skim.test(text)) {
            found.keys.add(skimmed.id.as_ref(), &self.hasher)?;
            if skimmed.passes {
                let record = self.record(text)?;
                found.records.push((place, record));
            }
            return Ok(());
        }
        let record = self.record(text)?;
        found.keys.add(record.id(), &self.hasher)?;
        if self.matcher.as_ref().is_none_or(|matcher| matcher.matches(&record)) {
            found.records.push((place, record));
        }
        Ok(())
    }

    fn record(&mut self, text: &str) -> Result<Record, Irregular> {
        let row: Row = serde_json::from_str(text).map_err(|_| Irregular)?;
        let row = row.settle(text.as_bytes()).map_err(|_| Irregular)?;
        // Ids that are numbers of rows are known only when the blocks before this one are.
        let mut record = self.key.record_of(row, 0, &mut self.assembler).map_err(|_| Irregular)?;
        if self.with_versions {
            record.set_version(version_of(&record, false));
        }
        Ok(record)
    }
}
