//! StackStorm's wire: its HTTP API, its stream and their types. The only place that says "channel".
