//! What an output's state and reason mean for people: one table of severities, titles and remedies.

use crate::push::{OutputState, Platform, Reason, Status};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weight {
    /// As it should be.
    Ok,
    /// It is on its way.
    Info,
    /// It will try again by itself.
    Warning,
    /// It needs a person.
    Error,
}

/// An output in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) weight: Weight,
    pub(super) title: String,
    pub(super) what_to_do: Option<String>,
}

/// What a state means.
pub(super) fn of(status: &Status, platform: Platform) -> Words {
    let name = platform.name().unwrap_or("The server");
    let (weight, title) = match status.state {
        OutputState::Disabled => (Weight::Ok, "Off".to_owned()),
        OutputState::Idle => (Weight::Ok, "Waiting for the encoder".to_owned()),
        OutputState::Sending => (Weight::Ok, "Sending".to_owned()),
        OutputState::Stopping => (Weight::Info, "Stopping".to_owned()),
        OutputState::Connecting if status.reason == Some(Reason::Stalled) => {
            (Weight::Warning, format!("{name} has taken nothing for some seconds"))
        }
        OutputState::Connecting => (Weight::Info, "Connecting".to_owned()),
        OutputState::Retrying { .. } => (Weight::Warning, fault_title(status.reason, name)),
        OutputState::Failed => (Weight::Error, fault_title(status.reason, name)),
    };
    let is_wrong = matches!(weight, Weight::Warning | Weight::Error);
    let what_to_do = status.reason.filter(|_| is_wrong).map(|reason| remedy(reason, platform));
    Words { weight, title, what_to_do }
}

fn fault_title(reason: Option<Reason>, name: &str) -> String {
    match reason {
        Some(Reason::Dns) => "The server's name is not known".to_owned(),
        Some(Reason::AddressForbidden) => "The address is not allowed here".to_owned(),
        Some(Reason::TcpRefused) => format!("{name} refuses connections"),
        Some(Reason::TcpTimeout) => format!("{name} does not answer"),
        Some(Reason::Tls) => format!("No secure connection to {name}"),
        Some(Reason::Handshake) => "There is no RTMP server at this address".to_owned(),
        Some(Reason::ConnectRejected) => format!("{name} refused the connection"),
        Some(Reason::PublishRejected) => format!("{name} refused the stream key"),
        Some(Reason::ClosedByPeer) => format!("{name} closed the connection"),
        Some(Reason::Stalled) => format!("{name} stopped taking data"),
        Some(Reason::CodecUnsupported) => format!("{name} does not take what the encoder sends"),
        Some(Reason::TrackMissing) => "The encoder does not send the wanted track".to_owned(),
        Some(Reason::CircuitOpen) => format!("{name} failed too often; pausing"),
        None => "Not sending".to_owned(),
    }
}

/// What to do about a fault, as a sentence.
pub(super) fn remedy(reason: Reason, platform: Platform) -> String {
    let key_page = platform.key_page();
    match reason {
        Reason::Dns => "Check the spelling of the address, and this machine's name server.".to_owned(),
        Reason::AddressForbidden => {
            "Use a public address, or have relay.allow_private changed by whoever runs this server."
                .to_owned()
        }
        Reason::TcpRefused | Reason::TcpTimeout => {
            "Check the address and port, and that no firewall is in the way.".to_owned()
        }
        Reason::Tls => "Check that the address takes rtmps:// and that its certificate is valid.".to_owned(),
        Reason::Handshake => "Check the address and port: something else answers there.".to_owned(),
        Reason::ConnectRejected => "Check the path behind the host: it is the app's name.".to_owned(),
        Reason::PublishRejected | Reason::ClosedByPeer => match (key_page, platform.name()) {
            (Some(page), Some(name)) => {
                format!(
                    "Copy the key from {page} and replace it here. {name} may also want the show to be created first."
                )
            }
            _ => "Check the stream key, and whether the show has been created there.".to_owned(),
        },
        Reason::Stalled => "The way there may be too slow: lower the encoder's bitrate.".to_owned(),
        Reason::CodecUnsupported => "Choose H.264 and AAC in the encoder.".to_owned(),
        Reason::TrackMissing => "Have the encoder send the track, or choose another one.".to_owned(),
        Reason::CircuitOpen => "Nothing: it is tried again by itself. Retry now tries at once.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn status(state: OutputState, reason: Option<Reason>) -> Status {
        Status { state, reason, detail: String::new(), since: SystemTime::now() }
    }

    #[test]
    fn a_refused_key_says_where_the_right_one_is() {
        let words = of(&status(OutputState::Failed, Some(Reason::PublishRejected)), Platform::Kick);
        assert_eq!(words.weight, Weight::Error);
        assert_eq!(words.title, "Kick refused the stream key");
        assert!(words.what_to_do.expect("a remedy").contains("kick.com/dashboard/settings/stream"));
    }

    #[test]
    fn what_goes_well_needs_nothing_done() {
        for state in [OutputState::Sending, OutputState::Idle, OutputState::Disabled] {
            let words = of(&status(state, Some(Reason::Stalled)), Platform::Custom);
            assert_eq!((words.weight, words.what_to_do), (Weight::Ok, None), "{}", words.title);
        }
    }
}
