//! What a comparison shows, one module for each format.
//!
//! [`document`] is what a reader gets: headings, sentences and tables. [`terminal`] and [`markdown`]
//! write it as text; [`html`] has its own order and the diagrams. All numbers are formatted in
//! [`number`].

pub mod charts;
pub mod claims;
pub mod csv;
pub mod document;
pub mod html;
pub mod json;
pub mod markdown;
pub mod number;
pub mod scaling;
pub mod tables;
pub mod terminal;
pub mod words;

#[cfg(test)]
pub mod sample;

/// A part of a document.
#[derive(Clone, Debug)]
pub enum Element {
    /// A heading of a level from 1.
    Heading(usize, String),
    /// A paragraph. Its lines may be filled.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// A table.
    Table(Grid),
    /// The output of a program, line by line.
    Output(String),
    /// A picture, for a browser.
    Figure(Figure),
}

/// A picture and what it shows in words.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The anchor of an execution diagram; a chart has none.
    pub id: Option<String>,
    /// What a screen reader reads.
    pub label: String,
    /// The picture.
    pub svg: String,
    /// The sentence below it.
    pub caption: String,
}

impl Element {
    /// A list; nothing if it has no items.
    pub fn list(items: Vec<String>) -> Option<Self> {
        Some(items).filter(|items| !items.is_empty()).map(Self::List)
    }
}

/// A table. An empty cell of the head is above labels.
#[derive(Clone, Debug)]
pub struct Grid {
    /// What it shows.
    pub caption: String,
    /// The headings.
    pub head: Vec<&'static str>,
    /// The cells.
    pub rows: Vec<Vec<String>>,
    /// How many columns, from the left, have words; the others have numbers.
    pub words: usize,
}
