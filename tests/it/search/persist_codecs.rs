//! What is read from a store may be anything: it is taken for what it is, or for damage, and never more.

use bytestow::Value;
use bytestow::features::search::persist::format::{
    Absorbed, Codes, Damage, Directory, Documents, FRAME, Geometry, Listed, Manifest, Numbers, Place, Records,
    RecordsWriter, encode_codes, encode_documents, encode_numbers,
};
use bytestow::features::search::persist::names::{SegmentName, WriterId};
use bytestow::features::search::{Order, quantise};
use proptest::prelude::*;

const DIMENSIONS: usize = 20;
const STRIDE: usize = 32;
const GEOMETRY: Geometry = Geometry { dimensions: DIMENSIONS };

fn place(rows: usize) -> Place {
    let segment = SegmentName { writer: WriterId::new(7), number: 3 };
    Place { segment, first: 40, rows: rows as u32 }
}

/// Reads `bytes` as everything that they could be, a block of `rows` rows; how often they were something.
fn read_all(bytes: &[u8], rows: usize) -> usize {
    let mut read = 0;
    read += usize::from(Directory::read(bytes).is_ok());
    read += usize::from(Manifest::read(bytes).is_ok());
    if let Ok(records) = Records::read(bytes) {
        read += 1;
        assert_eq!(records.orders().count(), records.ids.len());
        assert!(records.rows() <= records.ids.len() && records.ids.len() <= 16_384);
    }
    if let Ok(codes) = Codes::read(bytes, place(rows), DIMENSIONS) {
        read += 1;
        assert!((0..rows).all(|at| codes.row(at).is_some_and(|row| row.codes.len() == STRIDE)));
        assert!(codes.row(rows).is_none());
    }
    if let Ok(numbers) = Numbers::read(bytes.to_vec(), place(rows), DIMENSIONS) {
        read += 1;
        assert!((0..rows).all(|at| numbers.row(at).is_some_and(|mut row| row.all(|number| number.is_finite()))));
    }
    if let Ok(documents) = Documents::read(bytes.to_vec(), place(rows), &vec![5; rows]) {
        read += 1;
        assert!((0..rows).all(|at| documents.document(at).is_some_and(|document| document.len() == 5)));
        assert_eq!(documents.document(rows), None);
    }
    read
}

fn writers() -> impl Strategy<Value = Vec<WriterId>> {
    prop::collection::btree_set(any::<u64>().prop_map(WriterId::new), 0..9).prop_map(|set| set.into_iter().collect())
}

fn directories() -> impl Strategy<Value = Directory> {
    (any::<u64>(), any::<u32>(), writers()).prop_map(|(author, attempt, writers)| Directory {
        author: WriterId::new(author),
        attempt,
        writers,
    })
}

fn absorbed() -> impl Strategy<Value = Vec<Absorbed>> {
    let numbers = prop::collection::btree_set(any::<u32>(), 0..5);
    prop::collection::btree_map(any::<u64>(), (numbers, any::<u64>(), any::<bool>()), 0..5).prop_map(|all| {
        let absorbed = |(writer, (numbers, at, buried)): (u64, (std::collections::BTreeSet<u32>, u64, bool))| {
            Absorbed { writer: WriterId::new(writer), numbers: numbers.into_iter().collect(), at, buried }
        };
        let mut all: Vec<Absorbed> = all.into_iter().map(absorbed).collect();
        all.sort_by_key(|absorbed| absorbed.writer);
        all.dedup_by_key(|absorbed| absorbed.writer);
        all
    })
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let segments = prop::collection::btree_map(0..1_000_000_u32, (0..8_000_u32, 0..8_000_u32), 0..12);
    let numbers = (any::<[u64; 6]>(), any::<u32>(), 0..65_537_u32);
    (numbers, "[a-zé-]{0,20}", segments, absorbed()).prop_map(
        |((numbers, joined, dimensions), model, all, absorbed)| {
            let [writer, generation, written, stamp, cleared, tie] = numbers;
            let listed = |(number, (rows, tombstones))| Listed { number, rows, tombstones };
            Manifest {
                writer: WriterId::new(writer),
                generation,
                written,
                joined,
                next: 1_000_000,
                stamp,
                cleared: Order { stamp: cleared, tie },
                dimensions,
                model,
                segments: all.into_iter().map(listed).collect(),
                absorbed,
            }
        },
    )
}

/// Records: ids, orders, and the lengths of documents of those that are rows.
type Made = Vec<(String, Order, Option<u32>)>;

fn records() -> impl Strategy<Value = Made> {
    let order = (0..3_u64, 0..4_u64).prop_map(|(stamp, tie)| Order { stamp, tie });
    prop::collection::vec(("[a-zé]{0,200}", order, prop::option::of(0..200_000_u32)), 0..40).prop_map(|mut all| {
        all.sort_by_key(|(_, _, length)| length.is_none());
        all
    })
}

fn written(records: &Made) -> Vec<u8> {
    let mut writer = RecordsWriter::default();
    for (id, order, length) in records {
        match length {
            Some(length) => writer.row(id, *order, *length),
            None => writer.tombstone(id, *order),
        }
    }
    writer.end(place(0).segment)
}

fn rows(count: usize) -> Vec<Vec<f32>> {
    (0..count)
        .map(|row| (0..STRIDE).map(|at| if at < DIMENSIONS { (row * at % 7) as f32 / 9.0 } else { 0.0 }).collect())
        .collect()
}

/// An entry of each kind, and how many rows the blocks have.
fn entries() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let codes = (0..9_usize).prop_map(|count| {
        let (mut widths, mut all) = (Vec::new(), Vec::new());
        for row in rows(count) {
            let mut codes = [0; STRIDE];
            let (scale, residual) = quantise::pack(&row, &mut codes);
            widths.push([scale, residual]);
            all.extend(codes);
        }
        (encode_codes(place(count), STRIDE, &widths, &all), count)
    });
    let numbers = (0..9_usize).prop_map(|count| {
        let all: Vec<f32> = rows(count).iter().flat_map(|row| row[..DIMENSIONS].to_vec()).collect();
        (encode_numbers(place(count), DIMENSIONS, &all), count)
    });
    let documents = (0..9_usize).prop_map(|count| (encode_documents(place(count), &b"12345".repeat(count)), count));
    prop_oneof![
        directories().prop_map(|directory| (directory.encode(), 0)),
        manifests().prop_map(|manifest| (manifest.encode(), 0)),
        records().prop_map(|records| (written(&records), 0)),
        codes,
        numbers,
        documents,
    ]
}

/// Length and checksum set right again: what is read then is the rest.
fn resealed(mut entry: Vec<u8>) -> Vec<u8> {
    if entry.len() >= FRAME {
        let length = u32::try_from(entry.len() - FRAME).unwrap();
        entry[8..12].copy_from_slice(&length.to_le_bytes());
        let sum = Value::from(&entry[FRAME..]).checksum();
        entry[12..16].copy_from_slice(&sum.to_le_bytes());
    }
    entry
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn directories_are_read_as_they_were_written(directory in directories()) {
        prop_assert_eq!(Directory::read(&directory.encode()), Ok(directory));
    }

    #[test]
    fn manifests_are_read_as_they_were_written(manifest in manifests()) {
        prop_assert_eq!(Manifest::read(&manifest.encode()), Ok(manifest));
    }

    #[test]
    fn records_are_read_as_they_were_written(made in records()) {
        let entry = written(&made);
        let read = Records::read(&entry).unwrap();
        prop_assert_eq!(read.segment, place(0).segment);
        let lengths = read.lengths.iter().copied().map(Some).chain(std::iter::repeat(None));
        let again: Made = read.iter().zip(lengths).map(|((id, order, is_row), length)| {
            assert_eq!(is_row, length.is_some());
            (id.to_owned(), order, length)
        }).collect();
        prop_assert_eq!(again, made);
    }

    #[test]
    fn each_is_one_thing((entry, rows) in entries()) {
        prop_assert_eq!(read_all(&entry, rows), 1);
    }

    #[test]
    fn anything_is_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), rows in 0..20_000_usize) {
        read_all(&bytes, rows);
        let mut framed = b"BTV\x01".to_vec();
        framed.extend_from_slice(&[bytes.first().map_or(1, |byte| byte % 7), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        framed.extend_from_slice(&bytes);
        read_all(&resealed(framed), rows);
    }

    #[test]
    fn damage_is_found((entry, rows) in entries(), at: prop::sample::Index, bit in 0..8_u32) {
        let mut damaged = entry.clone();
        let at = at.index(damaged.len());
        damaged[at] ^= 1 << bit;
        prop_assert_eq!(read_all(&damaged, rows), 0, "a bit at {}", at);
        prop_assert_eq!(read_all(&entry[..at], rows), 0, "cut at {}", at);
        // What a checksum cannot tell is read without harm.
        read_all(&resealed(damaged), rows);
        read_all(&resealed(entry[..at].to_vec()), rows);
    }

    #[test]
    fn documents_are_cut_as_they_are_written(lengths in prop::collection::vec(0..40_000_u32, 0..60)) {
        let firsts = GEOMETRY.documents(&lengths);
        prop_assert_eq!(firsts.first().copied(), (!lengths.is_empty()).then_some(0));
        for (at, first) in firsts.iter().enumerate() {
            let end = firsts.get(at + 1).copied().unwrap_or(lengths.len() as u32);
            let block = &lengths[*first as usize..end as usize];
            prop_assert!(!block.is_empty());
            prop_assert!(block.len() == 1 || block.iter().sum::<u32>() <= 56 * 1_024);
        }
    }
}

#[test]
fn another_block_is_none() {
    let entry = encode_documents(place(1), b"12345");
    let documents = Documents::read(entry.clone(), place(1), &[5]).unwrap();
    assert_eq!((documents.document(0), documents.document(1)), (Some(&b"12345"[..]), None));
    for lengths in [&[4][..], &[6], &[u32::MAX, 6]] {
        assert_eq!(Documents::read(entry.clone(), place(1), lengths), Err(Damage::Broken));
    }
    for other in [
        Place { first: 41, ..place(1) },
        Place { rows: 2, ..place(1) },
        Place { segment: SegmentName { number: 4, ..place(1).segment }, ..place(1) },
        Place { segment: SegmentName { writer: WriterId::new(8), ..place(1).segment }, ..place(1) },
    ] {
        let lengths = &[5; 2][..other.rows as usize];
        assert_eq!(Documents::read(entry.clone(), other, lengths), Err(Damage::Broken));
    }
}

#[test]
fn what_later_versions_write_is_not_taken_for_damage() {
    let mut entry = Manifest::default().encode();
    entry[3] = 2;
    assert_eq!(Manifest::read(&entry), Err(Damage::Newer));
    entry[3] = 0;
    assert_eq!(Manifest::read(&entry), Err(Damage::Broken));
}

#[test]
fn codes_that_would_break_the_kernels_are_damage() {
    for (widths, code, sound) in [
        ([0.5, 0.5], -127, true),
        ([0.5, 0.5], -128, false),
        ([f32::NAN, 0.5], 1, false),
        ([0.5, f32::INFINITY], 1, false),
        ([-0.5, 0.5], 1, false),
    ] {
        let mut codes = [0; STRIDE];
        codes[4] = code;
        let entry = encode_codes(place(1), STRIDE, &[widths], &codes);
        assert_eq!(Codes::read(&entry, place(1), DIMENSIONS).is_ok(), sound, "{widths:?} {code}");
    }
    let entry = encode_numbers(place(1), 2, &[0.1, f32::NAN]);
    assert!(Numbers::read(entry, place(1), 2).is_err());
}
