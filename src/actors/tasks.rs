//! [`Tasks`]: what an actor waits for.

use std::{
    cell::RefCell,
    mem::{replace, take},
    pin::Pin,
    rc::Rc,
    task::{self, Poll, Waker},
};

use actix::{
    Actor, ActorFuture, AsyncContext, Message,
    dev::{MessageResponse, OneshotSender},
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};

/// Futures of one life of an actor, which end with it. Each is polled when it was woken itself: of those that are given to a
/// context, all are polled whenever anything happens to the actor, which is too much where many wait.
pub(super) struct Tasks<A: Actor>(Rc<RefCell<Given<A>>>);

/// What is to be begun.
struct Given<A: Actor> {
    tasks: Vec<Task<A>>,
    /// Who begins it, once there is one.
    runner: Option<Waker>,
    is_running: bool,
}

/// A future, and what its actor does then.
type Task<A> = Pin<Box<dyn Future<Output = Then<A>>>>;

type Then<A> = Box<dyn FnOnce(&mut A, &mut <A as Actor>::Context)>;

impl<A: Actor> Tasks<A>
where
    A::Context: AsyncContext<A>,
{
    /// Waits for `future`, and has the actor go on with `then`. `ctx` is that of the life, always.
    pub(super) fn run<F>(
        &self,
        ctx: &mut A::Context,
        future: F,
        then: impl FnOnce(F::Output, &mut A, &mut A::Context) + 'static,
    ) where
        F: Future + 'static,
    {
        let task = async move {
            let output = future.await;
            Box::new(move |actor: &mut A, ctx: &mut A::Context| then(output, actor, ctx)) as Then<A>
        };
        let mut given = self.0.borrow_mut();
        given.tasks.push(Box::pin(task));
        if !replace(&mut given.is_running, true) {
            ctx.spawn(Runner { given: Rc::clone(&self.0), tasks: FuturesUnordered::new() });
        }
        if let Some(runner) = given.runner.take() {
            runner.wake();
        }
    }

    /// As [`Tasks::run`], for a message whose answer is what `then` returns. Nobody answers if the life ends before.
    pub(super) fn answer<F, T>(
        &self,
        future: F,
        then: impl FnOnce(F::Output, &mut A, &mut A::Context) -> T + 'static,
    ) -> Answer<A, T>
    where
        F: Future + 'static,
        T: 'static,
    {
        let tasks = Self(Rc::clone(&self.0));
        Answer(Box::new(move |ctx, tell| {
            tasks.run(ctx, future, move |output, actor, ctx| tell(then(output, actor, ctx)));
        }))
    }
}

/// The answer to a message, now or later.
pub struct Answer<A: Actor, T>(Box<Begin<A, T>>);

/// Sees to it that an answer is told.
type Begin<A, T> = dyn FnOnce(&mut <A as Actor>::Context, Box<dyn FnOnce(T)>);

impl<A: Actor, T: 'static> Answer<A, T> {
    /// It is known already.
    pub(super) fn now(answer: T) -> Self {
        Self(Box::new(|_, tell| tell(answer)))
    }
}

impl<A: Actor, M: Message> MessageResponse<A, M> for Answer<A, M::Result> {
    fn handle(self, ctx: &mut A::Context, asker: Option<OneshotSender<M::Result>>) {
        let tell = |answer| {
            // Perhaps nobody waits for it any more.
            drop(asker.map(|asker| asker.send(answer)));
        };
        self.0(ctx, Box::new(tell));
    }
}

impl<A: Actor> Default for Tasks<A> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Given { tasks: Vec::new(), runner: None, is_running: false })))
    }
}

/// Polls the tasks of one life.
struct Runner<A: Actor> {
    given: Rc<RefCell<Given<A>>>,
    tasks: FuturesUnordered<Task<A>>,
}

impl<A: Actor> Runner<A> {
    fn next(&mut self, cx: &mut task::Context<'_>) -> Poll<Option<Then<A>>> {
        let mut given = self.given.borrow_mut();
        self.tasks.extend(take(&mut given.tasks));
        given.runner = Some(cx.waker().clone());
        drop(given);
        self.tasks.poll_next_unpin(cx)
    }
}

impl<A: Actor> ActorFuture<A> for Runner<A> {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        actor: &mut A,
        ctx: &mut A::Context,
        cx: &mut task::Context<'_>,
    ) -> Poll<()> {
        while let Poll::Ready(Some(then)) = self.next(cx) {
            then(actor, ctx);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use actix::{ActorContext as _, Addr, Context, Handler, System};
    use tokio::sync::oneshot;

    use super::*;

    /// Does what it is told, and knows what came of it.
    #[derive(Default)]
    struct Worker {
        tasks: Tasks<Self>,
        done: Vec<u32>,
        polled: Rc<RefCell<Vec<u32>>>,
    }

    impl Actor for Worker {
        type Context = Context<Self>;
    }

    #[derive(Message)]
    #[rtype(result = "()")]
    struct Await(u32, oneshot::Receiver<()>);

    #[derive(Message)]
    #[rtype(result = "u32")]
    struct Answered(u32, oneshot::Receiver<()>);

    #[derive(Message)]
    #[rtype(result = "()")]
    struct End;

    /// What is done, and which tasks were polled, each as often as it was.
    #[derive(Message)]
    #[rtype(result = "Seen")]
    struct Look;

    type Seen = (Vec<u32>, Vec<u32>);

    impl Handler<Await> for Worker {
        type Result = ();

        fn handle(&mut self, Await(number, mut event): Await, ctx: &mut Self::Context) {
            let polled = Rc::clone(&self.polled);
            let noted = poll_fn(move |cx| {
                polled.borrow_mut().push(number);
                Pin::new(&mut event).poll(cx).map(drop)
            });
            self.tasks.run(ctx, noted, move |(), worker, ctx| {
                worker.done.push(number);
                let next = async move { number + 1 };
                worker.tasks.run(ctx, next, |next, worker, _| worker.done.push(next));
            });
        }
    }

    impl Handler<Answered> for Worker {
        type Result = Answer<Self, u32>;

        fn handle(&mut self, Answered(number, event): Answered, _: &mut Self::Context) -> Self::Result {
            self.tasks.answer(event, move |_, worker, _| {
                worker.done.push(number);
                number
            })
        }
    }

    impl Handler<End> for Worker {
        type Result = ();

        fn handle(&mut self, _: End, ctx: &mut Self::Context) {
            ctx.stop();
        }
    }

    impl Handler<Look> for Worker {
        type Result = Answer<Self, Seen>;

        fn handle(&mut self, _: Look, _: &mut Self::Context) -> Self::Result {
            Answer::now((self.done.clone(), self.polled.borrow().clone()))
        }
    }

    async fn begin(worker: &Addr<Worker>, number: u32) -> oneshot::Sender<()> {
        let (tell, told) = oneshot::channel();
        worker.send(Await(number, told)).await.unwrap();
        tell
    }

    /// What is done once as much is as is waited for.
    async fn look(worker: &Addr<Worker>, wanted: usize) -> Seen {
        loop {
            let seen = worker.send(Look).await.unwrap();
            if seen.0.len() >= wanted {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn what_a_task_leads_to_is_done_and_begins_the_next_one() {
        System::new().block_on(async {
            let worker = Worker::default().start();
            let (one, other) = (begin(&worker, 10).await, begin(&worker, 20).await);

            other.send(()).unwrap();
            assert_eq!(look(&worker, 2).await.0, [20, 21]);
            one.send(()).unwrap();

            assert_eq!(look(&worker, 4).await.0, [20, 21, 10, 11]);
        });
    }

    #[test]
    fn a_task_is_polled_when_it_begins_and_when_it_was_woken_and_never_else() {
        System::new().block_on(async {
            let worker = Worker::default().start();
            let mut tell = Vec::new();
            for number in [10, 20, 30] {
                tell.push(begin(&worker, number).await);
            }

            tell.remove(1).send(()).unwrap();

            assert_eq!(look(&worker, 2).await.1, [10, 20, 30, 20]);
        });
    }

    #[test]
    fn a_task_may_give_the_answer_to_a_message() {
        System::new().block_on(async {
            let worker = Worker::default().start();
            let (tell, told) = oneshot::channel();
            tell.send(()).unwrap();

            assert_eq!(worker.send(Answered(7, told)).await, Ok(7));

            assert_eq!(look(&worker, 1).await.0, [7]);
        });
    }

    #[test]
    fn tasks_end_with_the_life_and_nobody_answers() {
        System::new().block_on(async {
            let worker = Worker::default().start();
            let mut tell = begin(&worker, 10).await;
            let (_tell, told) = oneshot::channel();
            let asked = worker.send(Answered(20, told));

            worker.send(End).await.unwrap();

            tell.closed().await;
            assert_eq!(asked.await, Err(actix::MailboxError::Closed));
        });
    }
}
