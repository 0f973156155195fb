//! State in one file of redb: plain tables of text and JSON, every commit durable before it returns.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition, TableError,
    TableHandle,
};

use crate::document::Document;
use crate::error::Error;
use crate::journal::{Backend, Change};
use crate::record::{Tables, Visit};

/// Bytes redb may keep in memory: everything is read once, and a transaction is small.
const CACHE: usize = 4 << 20;

/// The state of one daemon, open and locked against every other process.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// Missing after a failure: redb wants to be opened anew then.
    database: Option<Database>,
}

impl StateFile {
    /// Opens the file, or begins an empty one, of mode 0600 in a folder of mode 0700, and verifies every page.
    /// May block.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Open`], [`Error::Damaged`], [`Error::Format`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), database: Some(open(path)?) })
    }

    /// Opens the file and reads it with `read`. One that is damaged is renamed, never deleted, and an empty one
    /// begun in its place (cluster-controller.md §2.8); the log says so. May block.
    ///
    /// # Errors
    /// As [`StateFile::open`], and what `read` says of a file that is sound.
    pub fn open_or_set_aside<T>(
        path: &Path,
        read: impl Fn(&dyn Tables) -> Result<T, Error>,
    ) -> Result<(Self, T), Error> {
        let attempt = || {
            let file = Self::open(path)?;
            let state = read(&file)?;
            Ok::<_, Error>((file, state))
        };
        let error = match attempt() {
            Err(error) if error.is_damage() => error,
            other => return other,
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let aside = path.with_extension(format!("damaged-{now}"));
        std::fs::rename(path, &aside).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        tracing::error!(
            file = %path.display(),
            kept = %aside.display(),
            error = euca_observe::chain(&error),
            "state cannot be read: it is set aside and nothing is known at the start"
        );
        attempt()
    }

    /// Replaces everything by the document, in one transaction. May block.
    ///
    /// # Errors
    /// [`Error::Write`]; nothing has changed then.
    pub fn replace(&mut self, document: &Document) -> Result<(), Error> {
        self.write(|transaction| {
            let tables: Vec<_> = transaction.list_tables().map_err(unwritten)?.collect();
            for table in tables {
                transaction.delete_table(table).map_err(unwritten)?;
            }
            for (name, records) in document.tables() {
                let mut table = transaction.open_table(definition(name)).map_err(unwritten)?;
                for (key, value) in records {
                    table.insert(key.as_str(), value.get().as_bytes()).map_err(unwritten)?;
                }
            }
            Ok(())
        })
    }

    fn write(
        &mut self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let database = match self.database.take() {
            Some(database) => database,
            None => open(&self.path)?,
        };
        let transaction = database.begin_write().map_err(unwritten)?;
        change(&transaction)?;
        transaction.commit().map_err(unwritten)?;
        self.database = Some(database);
        Ok(())
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), Error> {
        self.write(|transaction| {
            for changes in changes.chunk_by(|one, other| one.table() == other.table()) {
                let Some(first) = changes.first() else { continue };
                let mut table = transaction.open_table(definition(first.table())).map_err(unwritten)?;
                for change in changes {
                    // Encoded one by one: a batch may be as large as all that is known.
                    match change.value()? {
                        Some(value) => {
                            drop(table.insert(change.key(), value.as_slice()).map_err(unwritten)?);
                        }
                        None => drop(table.remove(change.key()).map_err(unwritten)?),
                    }
                }
            }
            Ok(())
        })
    }
}

impl Backend for StateFile {
    async fn commit(&mut self, changes: Arc<[Change]>) -> Result<(), Error> {
        let mut file = Self { path: self.path.clone(), database: self.database.take() };
        let written = tokio::task::spawn_blocking(move || {
            let result = file.apply(&changes);
            (file, result)
        });
        let (file, result) = written.await.map_err(|_| Error::Backend("the write was broken off"))?;
        *self = file;
        result
    }
}

impl Tables for StateFile {
    fn names(&self) -> Result<Vec<String>, Error> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let names = || {
            let tables = database.begin_read()?.list_tables()?.map(|table| table.name().to_owned()).collect();
            Ok(tables)
        };
        names().map_err(|error: redb::Error| Error::Read(Box::new(error)))
    }

    fn visit(&self, table: &str, each: &mut Visit<'_>) -> Result<(), Error> {
        let failed = |error: redb::Error| Error::Read(Box::new(error));
        let Some(database) = &self.database else { return Ok(()) };
        let transaction = database.begin_read().map_err(|error| failed(error.into()))?;
        let table = match transaction.open_table(definition(table)) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            other => other.map_err(|error| failed(error.into()))?,
        };
        for entry in table.iter().map_err(|error| failed(error.into()))? {
            let (key, value) = entry.map_err(|error| failed(error.into()))?;
            each(key.value(), value.value())?;
        }
        Ok(())
    }
}

fn unwritten(error: impl Into<redb::Error>) -> Error {
    Error::Write(Box::new(error.into()))
}

fn definition(name: &str) -> TableDefinition<'_, &'static str, &'static [u8]> {
    TableDefinition::new(name)
}

fn open(path: &Path) -> Result<Database, Error> {
    let unreachable = |source| Error::Open { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unreachable)?;
    }
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600))).map_err(unreachable)?;
    // A file that was changed by something else than redb fails the check; without it, it might panic later.
    let opened = Database::builder().set_cache_size(CACHE).set_check_integrity_on_open(true).create(path);
    opened.map_err(|error| {
        let path = path.to_owned();
        match error {
            DatabaseError::DatabaseAlreadyOpen => Error::InUse(path),
            DatabaseError::Storage(StorageError::Io(source))
                if source.kind() != io::ErrorKind::InvalidData =>
            {
                Error::Open { path, source }
            }
            error @ DatabaseError::UpgradeRequired(_) => {
                Error::Format { path, source: Box::new(error.into()) }
            }
            error => Error::Damaged { path, source: Box::new(error.into()) },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_write_the_next_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = StateFile::open(&folder.path().join("state.redb")).unwrap();
        let insert = |transaction: &redb::WriteTransaction| {
            let mut table = transaction.open_table(definition("t")).map_err(unwritten)?;
            table.insert("k", b"v".as_slice()).map_err(unwritten)?;
            Ok(())
        };
        let failed = file.write(|transaction| {
            insert(transaction)?;
            Err(unwritten(redb::Error::PreviousIo))
        });
        assert!(matches!(failed, Err(Error::Write(_))));
        assert_eq!(StateFile::names(&file).unwrap(), Vec::<String>::new());
        file.write(insert).unwrap();
        assert_eq!(file.names().unwrap(), ["t"]);
    }
}
