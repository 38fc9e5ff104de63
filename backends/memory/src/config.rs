//! The chat's table of configuration.

use std::sync::Arc;

use fulmar_contract::{Backend, Options};

use crate::{Memory, Network};

/// Reads `rooms`, the names of the network's rooms.
pub(crate) fn build(options: &mut Options) -> Option<Arc<dyn Backend>> {
    let rooms = options.texts("rooms").unwrap_or_default();

    options.is_good().then(|| Arc::new(Memory::new(Network::new(rooms))) as Arc<dyn Backend>)
}
