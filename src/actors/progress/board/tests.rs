//! When lines change, and what they say then.

use fulmar_contract::{Identity, Mention, MessageId, Post};
use jiff::SignedDuration;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::journal::{Command, Execution, ExecutionState, Results, Route};

/// A board under a clock of its own, which begins when command 1 has run for half a minute.
struct Desk {
    board: Board,
    pace: Pace,
    now: Instant,
    age: Duration,
}

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

fn run(n: u128, execution: &str) -> Run {
    let command = Command {
        id: id(n),
        message: MessageId::new(n.to_string()),
        stackstorm: "default".into(),
        route: Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: None },
        direct: None,
        author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
        text: "release".into(),
        alias: "demo.release".into(),
        results: Results::Direct,
    };
    let execution =
        Execution { id: execution.into(), command: id(n), result: Value::Null, state: ExecutionState::Running };
    Run { command, at: Timestamp::UNIX_EPOCH, execution }
}

fn editable(message: &str) -> Editable {
    Editable { message: MessageId::new(message), post: Post::plain(RoomId::new("#ops"), "ack", "1") }
}

fn one(status: Status, started: usize) -> Seen {
    Seen::One { status, started, tasks: Vec::new() }
}

impl Desk {
    fn new(pace: Pace) -> Self {
        let (board, now) = (Board::new(Timestamp::UNIX_EPOCH), Instant::now());
        Self { board, pace, now, age: Duration::from_secs(30) }
    }

    fn passes(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.age += Duration::from_secs(seconds);
    }

    fn wall(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::try_from(self.age).unwrap()
    }

    fn due(&mut self, runs: &[Run]) -> Vec<Look> {
        let mut commands: Vec<Vec<Run>> = Vec::new();
        for run in runs {
            match commands.iter_mut().find(|it| it[0].command.id == run.command.id) {
                Some(runs) => runs.push(run.clone()),
                None => commands.push(vec![run.clone()]),
            }
        }
        let pace = self.pace;
        self.board.due(commands.into_iter(), |_| pace, self.now)
    }

    /// Looks at `run` and sees this; what is said then, and in which message.
    fn sees(&mut self, run: &Run, ack: Option<Editable>, seen: &Seen) -> Option<(String, Option<Editable>)> {
        let look = self.due(std::slice::from_ref(run)).into_iter().next()?;
        self.takes(Look { ack, seen: Some(seen.clone()), ..look })
    }

    fn takes(&mut self, look: Look) -> Option<(String, Option<Editable>)> {
        let wall = self.wall();
        said(self.board.take(look, wall))
    }
}

fn said(saying: Option<Saying>) -> Option<(String, Option<Editable>)> {
    saying.map(|saying| (saying.text.words("!"), saying.below))
}

fn editing() -> Desk {
    Desk::new(Pace::editing(Duration::from_secs(30)))
}

#[tokio::test(start_paused = true)]
async fn where_there_are_edits_the_ack_is_the_line_and_tells_every_quarter_of_a_minute() {
    let (mut desk, run) = (editing(), run(1, "5f00000000000000003fa2c1"));

    let first = desk.sees(&run, Some(editable("7")), &one(Status::Running, 0));
    assert_eq!(desk.sees(&run, None, &one(Status::Running, 0)), None, "it is not time");
    desk.passes(15);
    let second = desk.sees(&run, None, &one(Status::Running, 0));
    desk.passes(1);
    let last = said(desk.board.over(id(1), &Status::Succeeded, desk.wall()));

    assert_eq!(first, Some(("Still running after 30 s.  !tail 3fa2c1".into(), Some(editable("7")))));
    assert_eq!(second, Some(("Still running after 45 s.  !tail 3fa2c1".into(), Some(editable("7")))));
    assert_eq!(last, Some(("Succeeded after 46 s.".into(), Some(editable("7")))));
    assert!(desk.board.lines.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_an_ack_to_edit_the_first_line_is_a_message_and_is_edited_from_then_on() {
    let (mut desk, run) = (editing(), run(1, "3fa2c1"));

    let (_, first) = desk.sees(&run, None, &one(Status::Running, 0)).unwrap();
    assert_eq!(first, None);
    assert!(desk.board.said(id(1), Ok(Some(editable("8")))).is_none());
    desk.passes(15);
    let (_, second) = desk.sees(&run, None, &one(Status::Running, 0)).unwrap();

    assert_eq!(second, Some(editable("8")));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_being_posted_when_the_end_comes_says_the_end_afterwards() {
    let (mut desk, run) = (editing(), run(1, "3fa2c1"));
    desk.sees(&run, None, &one(Status::Running, 0)).unwrap();

    assert!(desk.board.over(id(1), &Status::Failed, desk.wall()).is_none());
    let last = said(desk.board.said(id(1), Ok(Some(editable("8")))));

    assert_eq!(last, Some(("Failed after 30 s.".into(), Some(editable("8")))));
    assert!(desk.board.lines.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_before_the_end_is_not_said_after_it() {
    let (mut desk, run) = (editing(), run(1, "3fa2c1"));
    let look = desk.due(&[run]).remove(0);

    desk.board.over(id(1), &Status::Succeeded, desk.wall());

    let late = desk.takes(Look { ack: Some(editable("7")), seen: Some(one(Status::Running, 0)), ..look });
    assert_eq!(late, None);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_gone_is_not_replaced() {
    let (mut desk, run) = (editing(), run(1, "3fa2c1"));
    desk.sees(&run, Some(editable("7")), &one(Status::Running, 0)).unwrap();

    desk.board.said(id(1), Err(Undelivered::Refused { why: "gone".into() }));
    desk.passes(15);

    assert_eq!(desk.sees(&run, None, &one(Status::Running, 0)), None);
    assert!(desk.board.over(id(1), &Status::Succeeded, desk.wall()).is_none());
}

#[tokio::test(start_paused = true)]
async fn where_there_are_no_edits_a_change_is_told_and_at_most_once_a_minute() {
    let (mut desk, run) = (Desk::new(Pace::posting()), run(1, "3fa2c1"));
    let tell = |desk: &mut Desk, started| {
        let text = desk.sees(&run, None, &one(Status::Running, started)).map(|(text, _)| text);
        desk.board.said(id(1), Ok(None));
        text
    };

    let first = tell(&mut desk, 1);
    desk.passes(15);
    let too_early = tell(&mut desk, 2);
    desk.passes(45);
    let changed = tell(&mut desk, 2);
    desk.passes(60);
    let unchanged = tell(&mut desk, 2);

    assert!(first.unwrap().starts_with("Still running after 30 s"));
    assert_eq!(too_early, None);
    assert!(changed.unwrap().starts_with("Still running after 1 min 30 s"));
    assert_eq!(unchanged, None);
    assert!(desk.board.over(id(1), &Status::Succeeded, desk.wall()).is_none(), "the result says that");
}

#[tokio::test(start_paused = true)]
async fn where_there_are_no_edits_only_a_change_is_told_of_what_was_given_before_a_restart() {
    let (mut desk, run) = (Desk::new(Pace::posting()), run(1, "3fa2c1"));
    desk.board = Board::new(desk.wall());

    let first = desk.sees(&run, None, &one(Status::Requested, 0));
    desk.passes(60);
    let changed = desk.sees(&run, None, &one(Status::Running, 0));

    assert_eq!(first, None);
    assert!(changed.unwrap().0.starts_with("Still running after 1 min 30 s"));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_could_not_be_said_is_said_at_the_next_look() {
    let (mut desk, run) = (Desk::new(Pace::posting()), run(1, "3fa2c1"));
    desk.sees(&run, None, &one(Status::Running, 1)).unwrap();

    desk.board.said(id(1), Err(Undelivered::Later { after: None, why: "busy".into() }));
    desk.passes(60);

    assert!(desk.sees(&run, None, &one(Status::Running, 1)).is_some());
}

#[tokio::test(start_paused = true)]
async fn after_half_an_hour_it_is_looked_at_seldom_and_after_six_hours_not_before_the_end() {
    let (mut desk, run) = (editing(), run(1, "3fa2c1"));
    desk.passes(30 * 60);
    desk.sees(&run, Some(editable("7")), &one(Status::Running, 0)).unwrap();
    desk.passes(299);
    assert!(desk.due(std::slice::from_ref(&run)).is_empty());
    desk.passes(6 * 60 * 60);

    let (last, _) = desk.sees(&run, None, &one(Status::Running, 0)).unwrap();
    desk.passes(24 * 60 * 60);

    assert!(last.ends_with("No more is said until it ends."), "{last}");
    assert!(desk.due(std::slice::from_ref(&run)).is_empty());
    let over = said(desk.board.over(id(1), &Status::Succeeded, desk.wall())).unwrap();
    assert!(over.0.starts_with("Succeeded after 1 d "), "{over:?}");
}

#[tokio::test(start_paused = true)]
async fn an_end_of_which_only_stackstorm_tells_is_looked_for() {
    let (mut desk, run) = (editing(), run(1, "3fa2c1"));
    desk.sees(&run, Some(editable("7")), &one(Status::Running, 0)).unwrap();

    let look = desk.due(&[]).remove(0);
    assert_eq!((look.command, look.running), (id(1), 0));
    let last = desk.takes(Look { seen: Some(one(Status::Canceled, 0)), ..look }).unwrap();

    assert_eq!(last.0, "Canceled after 30 s.");
    assert!(desk.due(&[]).is_empty());
}

#[tokio::test(start_paused = true)]
async fn several_executions_of_a_command_have_one_line() {
    let (mut desk, runs) = (editing(), ["a", "b", "c"].map(|execution| run(1, execution)));

    let look = desk.due(&runs).remove(0);
    let first = desk.takes(Look { ack: Some(editable("7")), seen: Some(Seen::Several(look.running)), ..look });
    assert!(desk.board.over(id(1), &Status::Succeeded, desk.wall()).is_none(), "others run");
    desk.passes(15);
    let look = desk.due(&[]).remove(0);
    let last = desk.takes(Look { seen: Some(Seen::Several(look.running)), ..look });

    assert_eq!(first.unwrap().0, "3 executions still run after 30 s.");
    assert_eq!(last.unwrap().0, "All are over after 45 s.");
}

#[tokio::test(start_paused = true)]
async fn few_lines_of_a_room_change_at_once_and_all_have_their_turn() {
    let mut desk = editing();
    let runs: Vec<Run> = (1..=12).map(|n| run(n, &n.to_string())).collect();
    let mut seen = HashSet::new();

    for expected in [5, 5, 2, 0] {
        let looks = desk.due(&runs);
        assert_eq!(looks.len(), expected);
        for look in looks {
            seen.insert(look.command);
            desk.takes(Look { seen: Some(one(Status::Running, 0)), ..look });
        }
    }

    assert_eq!(seen.len(), 12);
}
