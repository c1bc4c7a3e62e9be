//! Rooms are channels: which of them is which.

use crate::speech::Name;

/// Returns the channel of a room in a namespace.
///
/// The room `x` of `/` is the channel `x`, where clients of all other endpoints are too. Any other namespace
/// stands before the room, apart by a comma: `/admin,x`. A room of `/` whose name begins with a slash would look
/// like that, and is written `/,` and its name.
pub(super) fn channel_of(namespace: &str, room: &str) -> Name {
    if namespace == "/" && !room.starts_with('/') {
        return room.into();
    }
    format!("{namespace},{room}").into()
}

/// Returns the room that a channel is in its namespace.
pub(super) fn room_of<'a>(namespace: &str, channel: &'a str) -> &'a str {
    let named = channel.strip_prefix(namespace).and_then(|rest| rest.strip_prefix(','));
    named.unwrap_or(channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_and_its_channel_name_each_other_and_no_other() {
        let rooms = [
            ("/", "x"),
            ("/", "/x"),
            ("/", "/a,x"),
            ("/a", "x"),
            ("/a", "/x"),
            ("/a", ",x"),
            ("/", ",x"),
        ];
        let channels = rooms.map(|(namespace, room)| channel_of(namespace, room));
        assert_eq!(&*channels[0], "x");
        assert_eq!(&*channels[3], "/a,x");
        for ((namespace, room), channel) in rooms.iter().zip(&channels) {
            assert_eq!(room_of(namespace, channel), *room);
            assert_eq!(channels.iter().filter(|other| *other == channel).count(), 1, "{channel}");
        }
    }
}
