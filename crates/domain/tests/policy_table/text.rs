//! The layout of the table as text.

pub(crate) fn heading(title: &str) -> String {
    format!("\n\n{title}\n{}\n", "=".repeat(title.chars().count()))
}

pub(crate) struct Table<'a> {
    columns: &'a [&'a str],
    rows: Vec<(String, Vec<&'static str>)>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(columns: &'a [&'a str]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, name: &str, cells: Vec<&'static str>) {
        self.rows.push((name.to_owned(), cells));
    }

    pub(crate) fn render(&self, title: &str) -> String {
        let first = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let line = |name: &str, cells: &[&str]| {
            let padded = cells
                .iter()
                .zip(self.columns)
                .map(|(cell, column)| format!("  {cell:<0$}", column.len().max(7)));
            let cells = padded.collect::<Vec<_>>().concat();
            format!("  {}\n", format!("{name:<first$}{cells}").trim_end())
        };
        let rows: Vec<_> = self.rows.iter().map(|(name, cells)| line(name, cells)).collect();
        format!("\n{title}\n\n{}{}", line("", self.columns), rows.concat())
    }
}
