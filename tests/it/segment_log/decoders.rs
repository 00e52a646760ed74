//! What is read from the disk may be anything: it is taken for what it is, or for damage, and never more.

use bytestow::segment_log::format::{
    self, Damage, Item, Lease, MOST, Meta, NEVER, Opening, OpeningWriter, PageWriter, Row, Run, Stored, cut,
    encode_clear, encode_delete, encode_move, encode_opening, encode_put, read_entries, read_opening,
};
use proptest::prelude::*;

/// Reads `bytes` as everything that they could be; how often they were something.
fn read_all(bytes: &[u8]) -> usize {
    let mut read = 0;
    if let Ok(row) = Row::read(bytes) {
        read += 1;
        match row {
            Row::Put { mut entries, .. } | Row::Move(mut entries) => {
                while let Some(entry) = entries.next().expect("a row is looked through when it is read") {
                    assert!(entry.key.len() <= bytes.len());
                }
            }
            Row::Delete(mut keys) => while keys.next().expect("so are its keys").is_some() {},
            Row::Clear(_) => {}
        }
    }
    read += usize::from(Meta::read(bytes).is_ok());
    read += usize::from(Lease::read(bytes).is_ok());
    read += usize::from(read_opening(bytes).is_ok());
    read += usize::from(read_entries(bytes, |key, _| assert!(key.len() < 1 << 20)).is_ok());
    read
}

fn entries() -> impl Strategy<Value = Vec<(String, u16, u32)>> {
    prop::collection::btree_map("[a-zé]{0,12}", (any::<u16>(), any::<u32>()), 0..20)
        .prop_map(|map| map.into_iter().map(|(key, (length, sum))| (key, length, sum)).collect())
}

fn items(entries: &[(String, u16, u32)], version: u32) -> Vec<Item<'_>> {
    let entries = entries.iter();
    entries.map(|(key, length, sum)| Item { key, length: u32::from(*length), sum: *sum, version }).collect()
}

fn runs() -> impl Strategy<Value = Vec<Run>> {
    let run = (0..=MOST, 0..=MOST, 0_u32..100, (0_u32..10, 0_u32..10), any::<u32>());
    prop::collection::vec(
        run.prop_map(|(row, segment, page, (openings, more), entries)| Run {
            row,
            segment,
            page,
            pages: openings + more,
            openings,
            entries,
        }),
        0..5,
    )
}

/// A frame of each kind.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let put = (entries(), any::<bool>(), 1_usize..2_000).prop_map(|(entries, inline, target)| {
        let lengths = entries.iter().map(|(_, length, _)| usize::from(*length));
        let places = if inline { Vec::new() } else { (3..).zip(cut(lengths, target)).collect::<Vec<_>>() };
        encode_put((7, NEVER), &places, &items(&entries, 0))
    });
    let moved = (entries(), 1_usize..2_000).prop_map(|(entries, target)| {
        let lengths = entries.iter().map(|(_, length, _)| usize::from(*length));
        let places: Vec<(u32, u32)> = (3..).zip(cut(lengths, target)).collect();
        encode_move(&places, &items(&entries, 9))
    });
    let deleted =
        entries().prop_map(|entries| encode_delete(&entries.iter().map(|(key, ..)| key.as_str()).collect::<Vec<_>>()));
    let meta = (any::<u64>(), any::<u32>(), runs())
        .prop_map(|(epoch, trim, runs)| Meta { epoch, trim, next_page: 200, runs }.encode());
    let opening = (entries(), prop::collection::vec("[a-z]{0,3}", 0..4)).prop_map(|(entries, clears)| {
        let graves = entries.iter().map(|(key, _, row)| (key.clone(), *row)).collect();
        encode_opening(&Opening { clears, graves, segments: vec![(1, 2), (3, 4)] })
    });
    let page = entries().prop_map(|entries| {
        let mut page = PageWriter::default();
        for (key, length, sum) in entries {
            page.push(key.as_bytes(), &Stored { length: length.into(), sum, ..Stored::default() });
        }
        page.end()
    });
    let lease = any::<(u64, u64)>().prop_map(|(holder, until)| Lease { holder, until }.encode());
    prop_oneof![put, moved, deleted, "[a-z]{0,9}".prop_map(|prefix| encode_clear(&prefix)), meta, opening, page, lease]
}

/// The checksum set right again: what is read then is the rest.
fn resealed(mut frame: Vec<u8>) -> Vec<u8> {
    if frame.len() >= 12 {
        let length = u32::try_from(frame.len()).unwrap();
        frame[4..8].copy_from_slice(&length.to_le_bytes());
        let sum = bytestow::Value::from(&frame[12..]).checksum();
        frame[8..12].copy_from_slice(&sum.to_le_bytes());
    }
    frame
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn segment_log_frames_are_read_as_what_they_are(frame in frames()) {
        // A move of nothing is no move.
        prop_assert!(read_all(&frame) <= 1);
    }

    #[test]
    fn segment_log_arbitrary_bytes_are_damage(bytes: Vec<u8>) {
        prop_assert_eq!(read_all(&bytes), 0);
    }

    #[test]
    fn segment_log_changed_frames_are_damage(frame in frames(), at: prop::sample::Index, bits in 1..=255_u8) {
        let mut frame = frame;
        let at = at.index(frame.len());
        frame[at] ^= bits;
        // The fourth byte means nothing yet, and the third makes another kind of what is sound.
        prop_assert!((2..4).contains(&at) || read_all(&frame) == 0);
    }

    #[test]
    fn segment_log_cut_frames_are_damage(frame in frames(), at: prop::sample::Index) {
        prop_assert_eq!(read_all(&frame[..at.index(frame.len())]), 0);
    }

    /// Damage that the checksum does not tell, as of a program that writes nonsense: no panic, no more than there is.
    #[test]
    fn segment_log_nonsense_in_sound_frames_is_survived(
        frame in frames(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut: prop::sample::Index,
        kind in 0_u8..10,
    ) {
        let mut frame = frame;
        for (at, byte) in changes {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        frame.truncate(cut.index(frame.len() + 1));
        if frame.len() >= 12 {
            frame[..4].copy_from_slice(&[0xB5, 1, kind, 0]);
        }
        read_all(&resealed(frame));
    }

    #[test]
    fn segment_log_puts_come_back(entries in entries(), target in 1_usize..3_000, inline: bool) {
        let lengths = || entries.iter().map(|(_, length, _)| usize::from(*length));
        let places = if inline { Vec::new() } else { (10..).zip(cut(lengths(), target)).collect::<Vec<_>>() };
        let frame = encode_put((5, 6), &places, &items(&entries, 0));
        let Ok(Row::Put { written: 5, expires: 6, entries: mut read }) = Row::read(&frame) else {
            panic!("a put is not read as one");
        };
        let segments = read.segments().to_vec();
        prop_assert!(segments.iter().all(|(_, length)| *length as usize <= target || lengths().any(|l| l == *length as usize)));
        let mut filled = vec![0; segments.len()];
        let mut offset = 0;
        for (key, length, sum) in &entries {
            let put = read.next().unwrap().unwrap();
            prop_assert_eq!((put.key, put.length, put.sum), (key.as_str(), u32::from(*length), *sum));
            if segments.is_empty() {
                prop_assert_eq!((put.place, put.offset), (format::IN_ROW, offset));
                offset += put.length;
            } else {
                let at = put.place as usize - 10;
                prop_assert_eq!(put.offset, filled[at]);
                filled[at] += put.length;
            }
        }
        prop_assert_eq!(read.next(), Ok(None));
        prop_assert_eq!(filled, segments.iter().map(|(_, length)| *length).collect::<Vec<_>>());
    }

    #[test]
    fn segment_log_openings_come_back(
        entries in entries(),
        clears in prop::collection::vec("[a-z]{0,9}", 0..9),
        most in 1_usize..300,
    ) {
        let mut writer = OpeningWriter::new(most);
        clears.iter().for_each(|prefix| writer.clear(prefix));
        entries.iter().for_each(|(key, _, row)| writer.grave(key, *row));
        (0..9).for_each(|segment| writer.segment(segment, segment * 2));
        let mut whole = Opening::default();
        for page in writer.end() {
            let mut read = read_opening(&page).unwrap();
            let things = read.clears.len() + read.graves.len() + read.segments.len();
            prop_assert!(page.len() <= most + 24 || things == 1, "{} bytes", page.len());
            whole.clears.append(&mut read.clears);
            whole.graves.append(&mut read.graves);
            whole.segments.append(&mut read.segments);
        }
        let graves: Vec<_> = entries.iter().map(|(key, _, row)| (key.clone(), *row)).collect();
        let segments: Vec<_> = (0..9).map(|segment| (segment, segment * 2)).collect();
        prop_assert_eq!(whole, Opening { clears, graves, segments });
    }

    #[test]
    fn segment_log_pages_come_back(entries in entries(), times in any::<(u32, u32)>()) {
        let mut page = PageWriter::default();
        let mut expected = Vec::new();
        for (key, length, sum) in entries {
            let (written, expires) = (u64::from(times.0) << 16, u64::from(times.1) << 16 | 5);
            let stored =
                Stored { place: sum / 2, offset: 4, length: length.into(), sum, version: !sum / 2, written, expires };
            page.push(key.as_bytes(), &stored);
            expected.push((key, stored));
        }
        let mut read = Vec::new();
        prop_assert_eq!(read_entries(&page.end(), |key, stored| read.push((key.to_owned(), stored))), Ok(()));
        prop_assert_eq!(read, expected);
    }
}

#[test]
fn segment_log_later_versions_are_told_apart() {
    let mut frame = encode_clear("x");
    frame[1] = 2;
    assert!(matches!(Row::read(&frame), Err(Damage::Newer)));
    assert_eq!(Meta::read(&frame), Err(Damage::Newer));
    frame[1] = 0;
    assert!(matches!(Row::read(&frame), Err(Damage::Broken)));
}
