//! All state as one JSON document that people and programs can read, and that can be imported again.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::Error;
use crate::record::{Tables, Visit};

/// Says what the document is.
const FORMAT: &str = "eucalyptus state";
/// Version of the document itself; the records have versions of their own.
const VERSION: u32 = 1;

/// State outside the store: `{"format": …, "version": 1, "tables": {table: {key: record}}}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    format: String,
    version: u32,
    tables: BTreeMap<String, BTreeMap<String, Box<RawValue>>>,
}

impl Document {
    /// Everything in `source`.
    ///
    /// # Errors
    /// It cannot be read, or a value in it is no JSON.
    pub fn of(source: &dyn Tables) -> Result<Self, Error> {
        let mut tables = BTreeMap::new();
        for name in source.names()? {
            let mut records = BTreeMap::new();
            source.visit(&name, &mut |key, value| {
                let failed = |source| Error::Record { table: name.clone(), key: key.to_owned(), source };
                records.insert(key.to_owned(), serde_json::from_slice(value).map_err(failed)?);
                Ok(())
            })?;
            tables.insert(name, records);
        }
        Ok(Self { format: FORMAT.to_owned(), version: VERSION, tables })
    }

    /// Reads what [`Document::write`] has written.
    ///
    /// # Errors
    /// [`Error::Document`].
    pub fn read(from: impl Read) -> Result<Self, Error> {
        let refused = |source| Error::Document { known: VERSION, source };
        let document: Self = serde_json::from_reader(from).map_err(|source| refused(Some(source)))?;
        if document.format != FORMAT || document.version != VERSION {
            return Err(refused(None));
        }
        Ok(document)
    }

    /// Writes it, one record a line.
    ///
    /// # Errors
    /// [`Error::Export`].
    pub fn write(&self, mut to: impl Write) -> Result<(), Error> {
        serde_json::to_writer_pretty(&mut to, self).map_err(Error::Export)?;
        let ended = to.write_all(b"\n").and_then(|()| to.flush());
        ended.map_err(|error| Error::Export(serde_json::Error::io(error)))
    }

    /// Whether there is no record in it.
    pub fn is_empty(&self) -> bool {
        self.tables.values().all(BTreeMap::is_empty)
    }

    pub(crate) fn tables(&self) -> &BTreeMap<String, BTreeMap<String, Box<RawValue>>> {
        &self.tables
    }
}

impl Tables for Document {
    fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self.tables.keys().cloned().collect())
    }

    fn visit(&self, table: &str, each: &mut Visit<'_>) -> Result<(), Error> {
        self.tables
            .get(table)
            .into_iter()
            .flatten()
            .try_for_each(|(key, value)| each(key, value.get().as_bytes()))
    }
}
