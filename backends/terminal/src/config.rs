//! The chat's table of configuration: it has no keys of its own.

use std::sync::Arc;

use fulmar_contract::{Backend, Options};

use crate::Terminal;

pub(crate) fn build(options: &mut Options) -> Option<Arc<dyn Backend>> {
    options.is_good().then(|| Arc::new(Terminal::standard()) as Arc<dyn Backend>)
}
