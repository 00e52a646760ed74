//! Tables that grow with an index, by a sixteenth: by doubling, as vectors do of themselves, nearly half of what they take
//! may be empty, which is megabytes of a hundred thousand documents.

/// What a table grows by when it is full, of what it has.
const PART: usize = 16;

/// Makes room for `more` behind what there is.
pub fn make_room<T>(table: &mut Vec<T>, more: usize) {
    if table.len() + more > table.capacity() {
        table.reserve_exact(more.max(table.len() / PART));
    }
}

/// Makes room for `more` bytes behind what there is.
pub fn make_room_for_text(text: &mut String, more: usize) {
    if text.len() + more > text.capacity() {
        text.reserve_exact(more.max(text.len() / PART));
    }
}

/// Makes `table` this long, if it is shorter, by more of `filling`.
pub fn lengthen<T: Clone>(table: &mut Vec<T>, len: usize, filling: T) {
    if let Some(more) = len.checked_sub(table.len()) {
        make_room(table, more);
        table.resize(len, filling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_empty_and_seldom_anything_moved() {
        let mut table = Vec::new();
        let mut text = String::new();
        let (mut moved, mut capacity) = (0, 0);
        for number in 0..100_000_u32 {
            make_room(&mut table, 1);
            table.push(number);
            make_room_for_text(&mut text, 3);
            text.push_str("abc");
            if table.capacity() != capacity {
                (moved, capacity) = (moved + 1, table.capacity());
            }
            assert!(table.capacity() <= table.len() + table.len() / PART + 1);
            assert!(text.capacity() <= text.len() + text.len() / PART + 3);
        }
        assert!(moved < 250, "{moved} times");
        assert!(table.iter().copied().eq(0..100_000));
    }

    #[test]
    fn it_is_made_longer_and_never_shorter() {
        let mut table = vec![1, 2];
        lengthen(&mut table, 4, 0);
        assert_eq!(table, [1, 2, 0, 0]);
        assert_eq!(table.capacity(), 4);
        lengthen(&mut table, 1, 0);
        assert_eq!(table, [1, 2, 0, 0]);
    }
}
