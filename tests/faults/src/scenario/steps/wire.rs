//! Crashes between two writes: while the POST of a command is on its way or being answered, while an answer is said of which the
//! network has not told yet that it took it, and while the gateway ends as it was told to.

use super::{Kind, Length, Side, Steps, Story};
use crate::{Outcome, proxy::Mishap, stage::Stage};

pub(super) async fn play(mut steps: Steps, length: Length) -> Outcome<Steps> {
    let kinds = length.choose([Kind::Plain, Kind::Tell].as_slice(), &Kind::ALL);
    let lines = length.choose([0, 1, 4].as_slice(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for kind in kinds {
        for arrives in [false, true] {
            steps.in_the_post(*kind, arrives).await?;
        }
        for line in lines {
            steps.in_the_room(*kind, *line).await?;
            steps.in_the_end(*kind, line + 5).await?;
        }
    }
    Ok(steps)
}

impl Steps {
    /// The gateway is killed when its POST has left; it `arrives`, or it does not.
    async fn in_the_post(&mut self, kind: Kind, arrives: bool) -> Outcome<()> {
        self.enter_anew().await?;
        let befallen = self.stage.api.befallen();
        self.stage.api.befalls("/aliasexecution", Mishap::Silence { arrives });
        let story = self.live(kind, |stage| kill_if(stage, stage.api.befallen() > befallen)).await?;
        self.stage.api.forget();
        self.outlive(&format!("{kind:?}, POST sent, arrives: {arrives}"), story).await
    }

    /// The gateway is killed when it has written so many lines and one more, which is not confirmed.
    async fn in_the_room(&mut self, kind: Kind, line: usize) -> Outcome<()> {
        self.enter_anew().await?;
        let before = self.stage.network.count();
        self.stage.network.confirm_only(line);
        let story = self.live(kind, |stage| kill_if(stage, stage.network.count() > before + line)).await?;
        self.stage.network.confirm_all();
        self.outlive(&format!("{kind:?}, line {line} written"), story).await
    }

    /// The gateway is told to end when it has written a line, and crashes over this write if it comes to it.
    async fn in_the_end(&mut self, kind: Kind, write: usize) -> Outcome<()> {
        self.begin_anew().await?;
        self.start(Some((Side::After, write)))?;
        let story = if self.is_up().await? {
            let before = self.stage.network.count();
            let mut is_told = false;
            self.live(kind, |stage| {
                if stage.network.count() > before && !std::mem::replace(&mut is_told, true) {
                    stage.running()?.process.signal("TERM")?;
                }
                Ok(stage.running()?.process.ended()?.is_some())
            })
            .await?
        } else {
            None
        };
        let due = story.map(|story| story.due(false)).unwrap_or_default();
        self.survive(&format!("{kind:?}, ended, after:{write}"), &due, self.is_patient).await
    }

    async fn enter_anew(&mut self) -> Outcome<()> {
        self.begin_anew().await?;
        self.start(None)?;
        if self.is_up().await? { Ok(()) } else { Err("the gateway died by itself".into()) }
    }

    async fn outlive(&mut self, name: &str, story: Option<Story>) -> Outcome<()> {
        match story {
            Some(story) => self.survive(name, &story.due(false), self.is_patient).await,
            None => self.stage.kill(),
        }
    }
}

fn kill_if(stage: &mut Stage, is_time: bool) -> Outcome<bool> {
    if is_time {
        stage.kill()?;
    }
    Ok(is_time)
}
