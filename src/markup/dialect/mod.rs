//! How each dialect writes a line: what was open before it ends, what it stands in begins, and its runs have their marks.

pub(super) mod codes;
pub(super) mod html;
pub(super) mod styling;
