//! Who somebody is.

use fulmar_contract::{Identity, RoomId, Sender, UserId as Id};
use matrix_sdk::{
    Room,
    deserialized_responses::{EncryptionInfo, VerificationLevel, VerificationState},
    ruma::{OwnedUserId, UserId},
};

use crate::config::Unverified;

/// Somebody who wrote or reacted in a room.
pub(crate) async fn sender(room: &Room, who: &OwnedUserId, identity: Identity) -> Sender {
    // What the store knows is enough: members are told of before they say something.
    let member = room.get_member_no_sync(who).await.ok().flatten();
    let name = member.as_ref().and_then(|member| member.display_name()).filter(|name| !name.trim().is_empty());
    let name = name.unwrap_or_else(|| who.localpart()).to_owned();
    Sender { identity, name, direct: Some(RoomId::new(who.as_str())) }
}

/// Somebody's identity: the server of theirs vouches for it.
pub(crate) fn vouched(who: &UserId) -> Identity {
    Identity::Vouched(Id::new(who.as_str()))
}

/// The identity of whoever wrote a message.
///
/// With [`Unverified::Refuse`], in an encrypted room servers are not believed: the message has to come from a device that
/// its owner has signed. Whether we have verified the owner does not count, as nobody sits here who could; that the owner
/// is not suddenly another one does. A message that somebody else encrypted than who is said to have sent it is nobody's.
pub(crate) fn identity(
    who: &UserId,
    policy: Unverified,
    encryption: Option<&EncryptionInfo>,
    is_encrypted_room: bool,
) -> Identity {
    let is_sound = match (policy, encryption.map(|encryption| &encryption.verification_state)) {
        (_, Some(VerificationState::Unverified(VerificationLevel::MismatchedSender))) => false,
        (Unverified::Allow, _) => true,
        (Unverified::Refuse, None) => !is_encrypted_room,
        (Unverified::Refuse, Some(state)) => matches!(
            state,
            VerificationState::Verified | VerificationState::Unverified(VerificationLevel::UnverifiedIdentity)
        ),
    };
    if is_sound { vouched(who) } else { Identity::Claimed(who.to_string()) }
}

#[cfg(test)]
mod tests {
    use matrix_sdk::{
        deserialized_responses::AlgorithmInfo,
        ruma::{owned_user_id, user_id},
    };

    use super::*;

    #[test]
    fn a_device_that_nobody_signed_may_be_refused() {
        let who = user_id!("@ada:example.org");
        let by = |verification_state| EncryptionInfo {
            sender: owned_user_id!("@ada:example.org"),
            sender_device: None,
            forwarder: None,
            algorithm_info: AlgorithmInfo::MegolmV1AesSha2 {
                curve25519_key: String::new(),
                sender_claimed_keys: [].into(),
                session_id: None,
            },
            verification_state,
        };
        let signed = by(VerificationState::Unverified(VerificationLevel::UnverifiedIdentity));
        let unsigned = by(VerificationState::Unverified(VerificationLevel::UnsignedDevice));
        let forged = by(VerificationState::Unverified(VerificationLevel::MismatchedSender));
        for (policy, encryption, is_encrypted_room, expected) in [
            (Unverified::Allow, Some(&forged), true, false),
            (Unverified::Allow, Some(&unsigned), true, true),
            (Unverified::Allow, None, true, true),
            (Unverified::Refuse, Some(&unsigned), true, false),
            (Unverified::Refuse, Some(&signed), true, true),
            (Unverified::Refuse, None, true, false),
            (Unverified::Refuse, None, false, true),
        ] {
            let identity = identity(who, policy, encryption, is_encrypted_room);

            assert_eq!(identity.is_vouched(), expected, "{policy:?}, {encryption:?}, {is_encrypted_room}");
        }
    }
}
