//! The gateway's actors, and every message between them.
//!
//! | message | from -> to | answer |
//! |---|---|---|
//! | `router::Heard` | Chat -> Router | - |
//! | `router::Online` | Chat -> Router | - |
//! | `router::Renewed` | Aliases -> Router | - |
//! | `router::InputEnded` | Chat -> Router | - |
//! | `router::Concluded` | Journal -> Router | - |
//! | `router::Announced` | Listener, web -> Router | what became of it, once that is journalled; or who will tell, if that takes time |
//! | `router::Missed` | Listener -> Router | what is still to be told of old ones, and since when not all is said |
//! | `router::Announcing` | Listener -> Router | which announcements are being dealt with |
//! | `router::Overdue` | Listener -> Router | - |
//! | `aliases::Current`, `aliases::Ready` | Router, Admin -> Aliases | the registry |
//! | `aliases::Loaded` | Router -> Aliases | the registry, once there is one |
//! | `aliases::Stale` | Router, Listener -> Aliases | - |
//! | `aliases::Refresh` | Admin -> Aliases | how many there are |
//! | `auth::Token`, `auth::Rejected` | Router, Aliases, Listener -> Auth | a credential |
//! | `auth::Taken` | Router, Aliases, Listener -> Auth | - |
//! | `journal::Happened` | Router, Delivery, Listener, Chat -> Journal | whether it was kept |
//! | `journal::Ended` | Listener, Router -> Journal | - |
//! | `journal::Weigh` | Router -> Journal | what an announcement is to us |
//! | `journal::Recall`, `journal::Settled` | Router -> Journal | a command; when its POST is not open any more |
//! | `journal::Watched` | Listener -> Journal | until when announcements are dealt with, and which since |
//! | `journal::Owed` | Listener -> Journal | executions whose end is not known or not told |
//! | `journal::Told` | Listener -> Journal | when an end is told |
//! | `journal::Whose` | Router -> Journal | an execution and its command |
//! | `journal::Executions` | Router -> Journal | what runs, and what has ended lately |
//! | `journal::Long` | Progress -> Journal | executions that run for long |
//! | `journal::Pending` | Delivery -> Journal | what is still to be said |
//! | `journal::Letters`, `journal::Find` | Admin, Delivery -> Journal | dead letters and what waits; one of them with its history |
//! | `journal::Knows` | Router -> Journal | whether a command was given by a message |
//! | `router::Died` | Journal -> Router | - |
//! | `journal::Idle`, `journal::Count` | Router, Admin -> Journal | when nothing is open; counts |
//! | `delivery::Say` | Router -> Delivery | when it is journalled |
//! | `delivery::Remark` | Progress -> Delivery | the message that says it, or why it is not said |
//! | `delivery::AckOf` | Progress -> Delivery | the message that acknowledged a command |
//! | `delivery::Handle` | Admin -> Delivery | when a dead letter is tried again or dropped |
//! | `delivery::Reachable` | Chat -> Delivery | - |
//! | `chat::Deliver` | Delivery -> Chat | a receipt, or why there is none |
//! | `chat::Edit` | Delivery -> Chat | a receipt, or why there is none |
//! | `chat::Call` | web -> Chat | whether the session has it |
//! | `chat::Offer` | Router -> Chat | when the network has taken it, or why not |
//! | `chat::React` | Router -> Chat | when the network has taken it, or why not |
//! | `chat::Join`, `chat::Leave` | Router -> Chat | when the network has confirmed or refused |
//! | `progress::Over` | Router -> Progress | - |
//! | `Report` of chat, auth, aliases, listener | Admin, Router -> each | how it is |
//! | `supervise::*` | each <-> Supervisor | - |

pub mod aliases;
pub mod auth;
pub mod chat;
pub mod delivery;
mod elapsed;
pub mod journal;
pub mod listener;
pub mod progress;
mod rounds;
pub mod router;
mod tasks;
pub mod world;

/// Obeys the supervisor: stops, or panics where test switches are on.
macro_rules! obey_supervisor {
    ($actor:ty) => {
        impl actix::Handler<crate::supervise::Tell> for $actor {
            type Result = ();

            fn handle(&mut self, tell: crate::supervise::Tell, ctx: &mut Self::Context) {
                match tell {
                    crate::supervise::Tell::Stop => actix::ActorContext::stop(ctx),
                    crate::supervise::Tell::Panic | crate::supervise::Tell::PanicInside => {
                        panic!("told to panic by a test switch")
                    }
                }
            }
        }
    };
}
pub(crate) use obey_supervisor;
