//! Whole lives of children, in virtual time.

use std::{cell::RefCell, future::Future, rc::Rc, time::Duration};

use actix::{Actor, ActorContext, Addr, Context, Handler, Message, System};
use fulmar_contract::{Login, Recovery};
use tokio::{sync::oneshot, time::sleep};

use super::{
    Backoff, Birth, Cause, ChildSpec, ChildStatus, Ended, Exhausted, Line, Order, Phase, Policy, Shutdown,
    Snapshot, Supervisor, Tell, child,
};

const SECOND: Duration = Duration::from_secs(1);

/// A child that does as it is told and notes what it does.
struct Probe {
    name: &'static str,
    notes: Notes,
    birth: Birth,
    /// Whether it obeys when it is told to stop.
    obeys: bool,
}

type Notes = Rc<RefCell<Vec<String>>>;

#[derive(Message)]
#[rtype(result = "()")]
struct Fail(Recovery);

#[derive(Message)]
#[rtype(result = "Login")]
struct HowBorn;

impl Actor for Probe {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.notes.borrow_mut().push(format!("+{}", self.name));
        self.birth.notice.online();
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.notes.borrow_mut().push(format!("-{}", self.name));
    }
}

impl Handler<Fail> for Probe {
    type Result = ();

    fn handle(&mut self, Fail(recovery): Fail, ctx: &mut Self::Context) {
        self.birth.notice.because(Cause::Failed { why: "told to".into(), recovery });
        ctx.stop();
    }
}

impl Handler<HowBorn> for Probe {
    type Result = actix::MessageResult<HowBorn>;

    fn handle(&mut self, _: HowBorn, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.birth.login)
    }
}

impl Handler<Tell> for Probe {
    type Result = ();

    fn handle(&mut self, tell: Tell, ctx: &mut Self::Context) {
        match tell {
            Tell::Stop if self.obeys => ctx.stop(),
            Tell::Stop => {}
            Tell::Panic | Tell::PanicInside => panic!("told to"),
        }
    }
}

/// Runs a story in a paused clock that leaps from timer to timer.
fn story<F: Future<Output = ()>>(tell: impl FnOnce() -> F) {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    System::with_tokio_rt(runtime).block_on(tell());
}

fn policy(exhausted: Exhausted) -> Policy {
    Policy {
        backoff: Backoff::new(SECOND, 60 * SECOND),
        healthy_after: 30 * SECOND,
        restarts: 2,
        within: 60 * SECOND,
        park: 300 * SECOND,
        exhausted,
    }
}

fn probe(name: &'static str, notes: &Notes, line: &Line<Probe>, exhausted: Exhausted) -> ChildSpec {
    let notes = Rc::clone(notes);
    child(name, "probe", policy(exhausted), line.clone(), move |birth| Probe {
        name,
        notes: Rc::clone(&notes),
        birth,
        obeys: true,
    })
    .in_tier(name)
}

struct Stage {
    supervisor: Addr<Supervisor>,
    ended: oneshot::Receiver<Ended>,
    notes: Notes,
    a: Line<Probe>,
    b: Line<Probe>,
}

fn stage(exhausted: Exhausted) -> Stage {
    let (notes, a, b) = (Notes::default(), Line::new(), Line::new());
    let specs = vec![probe("a", &notes, &a, exhausted), probe("b", &notes, &b, exhausted)];
    let (supervisor, ended) = Supervisor::new(specs, 4 * SECOND);
    Stage { supervisor: supervisor.start(), ended, notes, a, b }
}

impl Stage {
    async fn statuses(&self) -> Vec<ChildStatus> {
        self.supervisor.send(Snapshot).await.unwrap()
    }

    async fn phases(&self) -> Vec<Phase> {
        self.statuses().await.into_iter().map(|status| status.phase).collect()
    }

    async fn panic(&self, name: &str) {
        self.supervisor.send(Order::Tell(name.into(), Tell::Panic)).await.unwrap().unwrap();
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_lost_child_comes_back_after_a_while_and_the_other_does_not_notice() {
    story(async || {
        let stage = stage(Exhausted::Park);

        stage.a.send(Fail(Recovery::Backoff)).await.unwrap();
        assert_eq!(stage.phases().await, [Phase::Waiting, Phase::Up]);
        sleep(2 * SECOND).await;

        let statuses = stage.statuses().await;
        assert_eq!((statuses[0].phase, statuses[0].restarts), (Phase::Up, 1));
        assert_eq!(statuses[0].last_error.as_deref(), Some("told to"));
        assert_eq!(statuses[1].restarts, 0);
    });
}

#[test]
fn a_panic_in_a_handler_is_borne() {
    story(async || {
        let stage = stage(Exhausted::Park);

        stage.panic("a").await;
        assert_eq!(stage.phases().await, [Phase::Waiting, Phase::Up]);
        sleep(2 * SECOND).await;

        assert_eq!(stage.phases().await, [Phase::Up, Phase::Up]);
        assert_eq!(stage.a.send(HowBorn).await, Ok(Login::Usual));
    });
}

#[test]
fn each_life_is_a_fresh_actor() {
    story(async || {
        let stage = stage(Exhausted::Park);

        stage.a.send(Fail(Recovery::Backoff)).await.unwrap();
        sleep(2 * SECOND).await;

        assert_eq!(*stage.notes.borrow(), ["+a", "+b", "-a", "+a"]);
    });
}

#[test]
fn a_child_that_panics_too_often_parks_and_is_tried_again_later() {
    story(async || {
        let stage = stage(Exhausted::Park);

        for _ in 0..3 {
            stage.panic("a").await;
            sleep(5 * SECOND).await;
        }
        assert_eq!(stage.phases().await, [Phase::Parked, Phase::Up]);
        sleep(300 * SECOND).await;

        assert_eq!(stage.phases().await, [Phase::Up, Phase::Up]);
    });
}

#[test]
fn a_child_that_the_gateway_cannot_do_without_escalates_and_all_stop_in_reverse() {
    story(async || {
        let stage = stage(Exhausted::Escalate);

        for _ in 0..3 {
            stage.panic("a").await;
            sleep(5 * SECOND).await;
        }

        let Stage { ended, notes, .. } = stage;
        let Ended::Escalated { child, why } = ended.await.unwrap() else { panic!("stopped without a cause") };
        assert_eq!((child.as_str(), why.contains("panicked")), ("a", true));
        assert_eq!(notes.borrow().last().unwrap(), "-b");
    });
}

#[test]
fn refused_credentials_get_a_fresh_login_once_and_then_the_child_parks() {
    story(async || {
        let stage = stage(Exhausted::Park);

        stage.a.send(Fail(Recovery::Reauthenticate)).await.unwrap();
        sleep(2 * SECOND).await;
        assert_eq!(stage.a.send(HowBorn).await, Ok(Login::Fresh));
        stage.a.send(Fail(Recovery::Reauthenticate)).await.unwrap();

        assert_eq!(stage.phases().await, [Phase::Parked, Phase::Up]);
    });
}

#[test]
fn an_operator_can_wake_a_parked_child() {
    story(async || {
        let stage = stage(Exhausted::Park);
        stage.a.send(Fail(Recovery::Park)).await.unwrap();
        assert_eq!(stage.phases().await, [Phase::Parked, Phase::Up]);

        stage.supervisor.send(Order::Restart("a".into())).await.unwrap().unwrap();

        assert_eq!(stage.a.send(HowBorn).await, Ok(Login::Usual));
        assert_eq!(stage.phases().await, [Phase::Up, Phase::Up]);
        assert!(stage.supervisor.send(Order::Restart("c".into())).await.unwrap().is_err());
    });
}

#[test]
fn an_operator_can_restart_a_child_that_is_up() {
    story(async || {
        let stage = stage(Exhausted::Park);
        stage.a.send(HowBorn).await.unwrap();

        stage.supervisor.send(Order::Restart("a".into())).await.unwrap().unwrap();
        sleep(SECOND / 10).await;

        assert_eq!(*stage.notes.borrow(), ["+a", "+b", "-a", "+a"]);
    });
}

#[test]
fn all_stop_in_reverse_order_and_nobody_is_restarted() {
    story(async || {
        let stage = stage(Exhausted::Park);
        stage.b.send(HowBorn).await.unwrap();

        stage.supervisor.send(Shutdown).await.unwrap();

        assert_eq!(stage.ended.await.unwrap(), Ended::Stopped);
        sleep(600 * SECOND).await;
        assert_eq!(*stage.notes.borrow(), ["+a", "+b", "-b", "-a"]);
    });
}

#[test]
fn a_child_that_does_not_stop_is_not_waited_for_for_ever() {
    story(async || {
        let (notes, line) = (Notes::default(), Line::new());
        let spec = child("a", "probe", policy(Exhausted::Park), line, move |birth| Probe {
            name: "a",
            notes: Rc::clone(&notes),
            birth,
            obeys: false,
        });
        let (supervisor, ended) = Supervisor::new(vec![spec], 4 * SECOND);
        let supervisor = supervisor.start();

        supervisor.send(Shutdown).await.unwrap();

        assert_eq!(ended.await.unwrap(), Ended::Stopped);
    });
}

#[test]
fn a_message_waits_for_a_child_that_is_between_two_lives() {
    story(async || {
        let stage = stage(Exhausted::Park);
        stage.a.send(Fail(Recovery::Backoff)).await.unwrap();

        assert!(stage.a.send_now(HowBorn).await.is_err());
        assert_eq!(stage.a.send(HowBorn).await, Ok(Login::Usual));
    });
}

#[test]
fn a_message_does_not_wait_for_ever() {
    story(async || {
        let stage = stage(Exhausted::Park);
        stage.a.send(Fail(Recovery::Park)).await.unwrap();

        assert!(stage.a.send(HowBorn).await.is_err());
    });
}
