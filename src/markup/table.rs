//! Tables: real ones where the network has them, else columns of equal width, else a line for each cell.

use fulmar_contract::Markup;
use unicode_width::UnicodeWidthStr;

use super::{
    build::Builder,
    document::{Block, Marks, Run},
};

type Cell = Vec<Run>;

/// Puts a table, whose first row is its head, into a document.
pub(super) fn build(builder: &mut Builder<'_>, rows: Vec<Vec<Cell>>, blanks: usize) {
    let texts: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(text).collect()).collect();
    let widths = widths(&texts);
    let width: usize = widths.iter().map(|width| width + BETWEEN.len()).sum();
    let is_wide = width > WIDEST;
    let line = |row: &Vec<String>| if is_wide { row.join(" | ") } else { aligned(row, &widths) };
    let lines: Vec<String> = texts.iter().map(line).collect();
    let is_real = builder.look.markup == Markup::Html;
    if (is_wide && !is_real) || !fits(builder, &lines) {
        one_by_one(builder, &rows, &texts, blanks);
    } else if is_real {
        real(builder, rows, lines, blanks);
    } else {
        columns(builder, &widths, &lines, blanks);
    }
}

/// The table itself; `lines` are said where there are no tables.
fn real(builder: &mut Builder<'_>, rows: Vec<Vec<Cell>>, lines: Vec<String>, blanks: usize) {
    builder.open(Block::Table);
    builder.open(Block::Head);
    for (number, (cells, text)) in rows.into_iter().zip(lines).enumerate() {
        builder.row(if number == 0 { blanks } else { 0 }, text, cells);
        if number == 0 {
            builder.close();
            builder.open(Block::Body);
        }
    }
    builder.close();
    builder.close();
}

fn columns(builder: &mut Builder<'_>, widths: &[usize], lines: &[String], blanks: usize) {
    builder.open(Block::Code(None));
    for (number, line) in lines.iter().enumerate() {
        builder.say(if number == 0 { blanks } else { 0 }, Run::plain(line));
        if number == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            builder.say(0, Run::plain(rule.join(BETWEEN)));
        }
    }
    builder.close();
}

/// A paragraph for each row and in it a line for each cell.
fn one_by_one(builder: &mut Builder<'_>, rows: &[Vec<Cell>], texts: &[Vec<String>], blanks: usize) {
    let Some((names, _)) = texts.split_first() else { return };
    if let [head] = rows {
        return head.iter().for_each(|cell| cell_of(builder, 0, "", cell));
    }
    let mut blanks = blanks;
    for row in rows.iter().skip(1) {
        for (column, cell) in row.iter().enumerate() {
            cell_of(builder, blanks, names.get(column).map_or("", String::as_str), cell);
            blanks = 0;
        }
        blanks = 1;
    }
}

fn cell_of(builder: &mut Builder<'_>, blanks: usize, name: &str, cell: &Cell) {
    builder.line(blanks, String::new());
    if !name.is_empty() {
        builder.run(Run::marked(format!("{name}:"), Marks::STRONG));
        builder.run(Run::plain(" "));
    }
    cell.iter().for_each(|run| builder.run(run.clone()));
}

/// Whether no row has to be cut.
fn fits(builder: &Builder<'_>, lines: &[String]) -> bool {
    let look = builder.look;
    let most = look.limit.max.saturating_sub(AROUND) / if look.is_html() { 4 } else { 1 };
    lines.iter().all(|line| look.limit.unit.measure(line) <= most)
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.width().max(*width));
    }
    widths
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + BETWEEN.len()));
    }
    line.truncate(line.trim_end().len());
    line
}

fn text(cell: &Cell) -> String {
    cell.iter().map(|run| run.text.as_str()).collect()
}

/// What stands between two columns.
const BETWEEN: &str = "  ";

/// The widest table that is shown in columns, in columns of the screen.
const WIDEST: usize = 100;

/// What may stand around a row in a post: numbers, marks, a fence.
const AROUND: usize = 80;
