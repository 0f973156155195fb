//! Records and their form at rest: JSON of the form `{"version":1,"record":{...}}`.
//!
//! A version is raised when a record can no longer be understood by a release that knows the former one.
//! Members that are added or left out raise nothing: records are read with defaults for what they miss.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::Error;

/// What one table consists of.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Name of the table.
    const TABLE: &'static str;
    /// The newest form that is understood, and the one that is written.
    const VERSION: u32;
}

/// What is shown a key and its value.
pub type Visit<'a> = dyn FnMut(&str, &[u8]) -> Result<(), Error> + 'a;

/// State at rest that can be read.
pub trait Tables {
    /// Names of the tables.
    ///
    /// # Errors
    /// The medium fails.
    fn names(&self) -> Result<Vec<String>, Error>;

    /// Shows every key and value of a table in the order of the keys; a table that is missing has none.
    ///
    /// # Errors
    /// The medium fails, or `each` does.
    fn visit(&self, table: &str, each: &mut Visit<'_>) -> Result<(), Error>;
}

#[derive(Serialize)]
struct Written<'a, R> {
    version: u32,
    record: &'a R,
}

#[derive(Deserialize)]
struct Found<'a> {
    version: u32,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// All records of a table in the order of their keys.
///
/// # Errors
/// The medium fails, a record is newer than known, or is not what its version says.
pub fn read<R: Record>(tables: &dyn Tables) -> Result<Vec<(String, R)>, Error> {
    let mut records = Vec::new();
    tables.visit(R::TABLE, &mut |key, value| {
        let failed = |source| Error::Record { table: R::TABLE.to_owned(), key: key.to_owned(), source };
        let Found { version, record } = serde_json::from_slice(value).map_err(failed)?;
        if version > R::VERSION {
            let (table, key) = (R::TABLE.to_owned(), key.to_owned());
            return Err(Error::NewerRecord { table, key, found: version, known: R::VERSION });
        }
        records.push((key.to_owned(), serde_json::from_str(record.get()).map_err(failed)?));
        Ok(())
    })?;
    Ok(records)
}

/// A record on its way to the backend, not encoded yet.
pub(crate) trait Encode: Send + Sync {
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error>;
}

impl<R: Record> Encode for R {
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Written { version: R::VERSION, record: self })
    }
}
