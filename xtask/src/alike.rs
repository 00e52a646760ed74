//! The order of a module's functions. Gzip finds what it has seen within 32 kB and says it the shorter the nearer it was:
//! functions that are alike stand side by side, which saves 2.5 % of the gzipped module. wasm-opt sorts functions by their
//! names, so that names are given in the wanted order; they are dropped when the module is written.

use std::collections::BTreeMap;

use wasmparser::{Parser, Payload, TypeRef};

/// What wasm-opt is told for a module so named. No runtime reads what features the compiler had.
pub const REORDER: [&str; 2] = ["--reorder-functions-by-name", "--strip-target-features"];

/// Likeness is counted in common pieces of four bytes ...
type Piece = [u8; 4];
/// ... that no more functions have than these: what all have says nothing. Rare pieces count more, by the root of how many
/// have them, and those of large functions less, by the root of their size: small ones are all pieces of larger ones.
const COMMON: usize = 200;
/// So many bytes further on likeness counts half.
const REACH: f32 = 4_000.0;

/// The module, which has no names, with names by which its functions stand in the wanted order.
pub fn named(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let (imported, bodies) = functions(wasm)?;
    let mut names = Vec::new();
    number(bodies.len(), &mut names);
    for (at, rank) in ranks(&bodies).into_iter().enumerate() {
        number(imported + at, &mut names);
        sized(format!("{rank:06}").as_bytes(), &mut names);
    }
    // https://webassembly.github.io/spec/core/appendix/custom.html#name-section: 1 is what is said of functions.
    let mut section = Vec::new();
    sized(b"name", &mut section);
    section.push(1);
    sized(&names, &mut section);
    let mut module = wasm.to_vec();
    module.push(0);
    sized(&section, &mut module);
    Ok(module)
}

/// How many functions are imported, which are numbered first, and the code of the others.
fn functions(wasm: &[u8]) -> Result<(usize, Vec<&[u8]>), String> {
    let shown = |error| format!("the wasm module cannot be read: {error}");
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(shown)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import.map_err(shown)?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(wasm.get(body.range()).unwrap_or_default()),
            _ => {}
        }
    }
    Ok((imported, bodies))
}

/// The place of each function: behind the largest always the one that is most like those before it. By sums, quotients and
/// roots alone, which are the same on every machine.
fn ranks(bodies: &[&[u8]]) -> Vec<usize> {
    let mut having = BTreeMap::<Piece, Vec<usize>>::new();
    for (at, body) in bodies.iter().enumerate() {
        for piece in body.windows(4).filter_map(|piece| Piece::try_from(piece).ok()) {
            let having = having.entry(piece).or_default();
            if having.last() != Some(&at) {
                having.push(at);
            }
        }
    }
    having.retain(|_, having| (2..=COMMON).contains(&having.len()));
    let mut pieces = vec![Vec::new(); bodies.len()];
    for having in having.values() {
        let weight = (having.len() as f32).sqrt().recip();
        having.iter().for_each(|at| pieces[*at].push((weight, having)));
    }
    let mut likeness = vec![0.0_f32; bodies.len()];
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let mut ranks = vec![0; bodies.len()];
    let mut next = left.iter().copied().max_by_key(|at| bodies[*at].len());
    while let Some(at) = next {
        ranks[at] = bodies.len() - left.len();
        left.retain(|other| *other != at);
        let decay = REACH / (REACH + bodies[at].len() as f32);
        likeness.iter_mut().for_each(|likeness| *likeness *= decay);
        for (weight, having) in &pieces[at] {
            having.iter().for_each(|other| likeness[*other] += weight);
        }
        let score = |at: &usize| likeness[*at] / (bodies[*at].len() as f32).sqrt();
        next = left.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)));
    }
    ranks
}

/// A number as wasm writes it: seven bits a byte, the lowest first.
fn number(mut number: usize, out: &mut Vec<u8>) {
    while number > 0x7F {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Bytes behind their number.
fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    number(bytes.len(), out);
    out.extend_from_slice(bytes);
}
