//! How many bytes of code each function of a wasm module has.

use std::collections::HashMap;

use wasmparser::{KnownCustom, Name, Parser, Payload};

/// `(name, bytes)` of every function; the name section must still be there.
pub fn code_by_function(wasm: &[u8]) -> Result<Vec<(String, usize)>, String> {
    let mut imported = 0_u32;
    let mut bodies = Vec::new();
    let mut names = HashMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(shown)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if matches!(import.map_err(shown)?.ty, wasmparser::TypeRef::Func(_)) {
                        imported += 1;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(reader) = section.as_known() {
                    for subsection in reader {
                        if let Name::Function(functions) = subsection.map_err(shown)? {
                            for naming in functions {
                                let naming = naming.map_err(shown)?;
                                names.insert(naming.index, naming.name.to_owned());
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let mut name = |at: usize| names.remove(&(imported + at as u32)).unwrap_or_default();
    Ok(bodies.into_iter().enumerate().map(|(at, bytes)| (name(at), bytes)).collect())
}

fn shown(error: wasmparser::BinaryReaderError) -> String {
    format!("the wasm module cannot be read: {error}")
}
