//! The original's figures, from the tables of `tests/golden/baseline.md`, and ours printed beside them.

use anyhow::{Context as _, Result, ensure};
use euca_tests::home::golden;

/// The document, cut into its tables.
pub struct Original(Vec<Table>);

struct Table {
    /// Number of the section it stands in: `3`, `6b`.
    section: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A row of ours.
pub struct Row {
    /// The first cells of the row of the original it is compared with.
    pub key: Vec<String>,
    /// Figures under the original's column names, in their order.
    pub figures: Vec<(&'static str, String)>,
    /// What else is to be said of it.
    pub remarks: Vec<String>,
}

impl Original {
    pub fn read() -> Result<Self> {
        let text = std::fs::read_to_string(golden().join("baseline.md"))?;
        let mut tables: Vec<Table> = Vec::new();
        let (mut section, mut inside) = (String::new(), false);
        for line in text.lines() {
            if line.starts_with('#') {
                let number = line.trim_start_matches(['#', ' ']).split(['.', ' ']).next();
                section = number.unwrap_or_default().to_owned();
            }
            let cells = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
            let cells = cells.map(|cells| cells.split('|').map(|cell| cell.trim().to_owned()).collect());
            match (cells, inside) {
                (Some(columns), false) => {
                    tables.push(Table { section: section.clone(), columns, rows: Vec::new() });
                    inside = true;
                }
                (Some(cells), true) if !line.starts_with("|-") => {
                    tables.last_mut().context("row without a table")?.rows.push(cells);
                }
                (Some(_), true) => {}
                (None, _) => inside = false,
            }
        }
        Ok(Self(tables))
    }

    /// One of the original's figures.
    pub fn figure(&self, section: &str, key: &[&str], column: &str) -> Result<f64> {
        let table = self.0.iter().find(|table| table.section == section).context("no such section")?;
        let key: Vec<_> = key.iter().map(|&cell| cell.to_owned()).collect();
        let cell = table.cell(&key, column).with_context(|| format!("no {column} of {key:?}"))?;
        Ok(cell.parse()?)
    }

    /// Prints `rows` under the columns of the `nth` table of a section, each figure as `original → ours`.
    pub fn print(&self, section: &str, nth: usize, rows: &[Row]) -> Result<()> {
        let table = self.0.iter().filter(|table| table.section == section).nth(nth);
        let table = table.with_context(|| format!("section {section} has no such table"))?;
        let keys = rows.first().map_or(0, |row| row.key.len());
        let columns = table.columns.get(keys..).unwrap_or_default();
        let mut lines = vec![table.columns.clone()];
        for row in rows {
            let theirs = table.row(&row.key);
            let theirs = theirs.with_context(|| format!("section {section} has no row {:?}", row.key))?;
            let theirs = theirs.get(keys..).unwrap_or_default();
            let mut ours = row.figures.iter().peekable();
            let figures: Vec<_> = columns
                .iter()
                .zip(theirs)
                .map(|(column, theirs)| {
                    let ours = ours.next_if(|(name, _)| name == column);
                    format!("{theirs} → {}", ours.map_or("–", |(_, figure)| figure))
                })
                .collect();
            ensure!(ours.next().is_none(), "section {section} has no column {:?}", ours.next());
            lines.push(row.key.iter().cloned().chain(figures).collect());
        }
        let widths: Vec<usize> = (0..table.columns.len())
            .map(|column| {
                lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        for (index, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
            println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
            let row = index.checked_sub(1).and_then(|index| rows.get(index));
            for remark in row.map_or(&[][..], |row| &row.remarks) {
                println!("|   {remark}");
            }
        }
        for row in &table.rows {
            if !rows.iter().any(|ours| row.starts_with(&ours.key)) {
                println!("  not repeated: {}", row.get(..keys).unwrap_or_default().join(", "));
            }
        }
        println!();
        Ok(())
    }
}

impl Table {
    fn row(&self, key: &[String]) -> Option<&Vec<String>> {
        self.rows.iter().find(|row| row.starts_with(key))
    }

    fn cell(&self, key: &[String], column: &str) -> Option<&str> {
        let column = self.columns.iter().position(|name| name == column)?;
        self.row(key)?.get(column).map(String::as_str)
    }
}

/// Three digits that matter, as the original's figures have.
pub fn rounded(figure: f64) -> String {
    let decimals = match figure.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{figure:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_figures_are_found_by_section_row_and_column() {
        let original = Original::read().unwrap();
        assert!(original.0.iter().all(|table| table.rows.iter().all(|row| row.len() == table.columns.len())));
        for (section, key, column, figure) in [
            ("3", &["8", "1"][..], "p50 ms", 55.2),
            ("3", &["128", "8"], "CC CPU %", 83.0),
            ("3b", &["cached, 8 nodes, concurrency 1"], "req/s", 18.1),
            ("6b", &["DescribeNetworks", "32", "1"], "max ms", 64.2),
        ] {
            assert_eq!(original.figure(section, key, column).unwrap(), figure);
        }
        assert!(original.figure("3", &["9", "1"], "p50 ms").is_err());
    }
}
