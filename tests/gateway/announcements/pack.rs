//! The pack that we bring for StackStorm.

use std::path::PathBuf;

use fulmar::sandbox::SandboxConfig;

use crate::stage::{Stage, sandbox, story};

#[test]
fn our_pack_announces_on_a_route_of_its_own() {
    story(async || {
        let pack = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/st2-pack"));
        let settings = SandboxConfig { packs: vec![pack], ..sandbox() };
        let stage = Stage::with(settings, "results = \"announcement\"\nroute_key = \"fulmar\"").await;

        stage.says(&format!("!announce mem/{} the release is out", stage.room())).await;

        stage.hears_of("the release is out").await;
        stage.hears_of("Said.").await;
        stage.counts("said", 1).await;
        stage.counts("result", 1).await;
        stage.ends().await;
    });
}
