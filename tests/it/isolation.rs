//! Namespaces of one store, with random names: no one sees another's keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytestow::layers::{Namespaced, check_namespace};
use bytestow::{ByteStore, ByteStoreExt, InMemoryByteStore, Keys, Ttl, Value};
use futures_executor::block_on;
use proptest::prelude::*;

/// Names that overlap, among them patterns.
fn namespace() -> impl Strategy<Value = String> {
    "[ab*?/\\[\\]]{1,4}".prop_filter("well-formed", |name| check_namespace(name).is_ok())
}

/// Whether the keys of one namespace are, by what is promised, none of the other's.
fn apart(a: &str, b: &str) -> bool {
    !format!("{a}/").starts_with(&format!("{b}/")) && !format!("{b}/").starts_with(&format!("{a}/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn namespaces_do_not_see_each_other(
        names in prop::collection::btree_set(namespace(), 2..6),
        keys in prop::collection::vec(("[ab/*]{0,3}", 0_usize..6), 1..30),
        cleared in 0_usize..6,
    ) {
        // Of two that overlap at a '/', only one is taken: that is the caller's promise.
        let mut taken: Vec<String> = Vec::new();
        for name in names {
            if taken.iter().all(|other| apart(other, &name)) {
                taken.push(name);
            }
        }
        block_on(async {
            let all = Arc::new(InMemoryByteStore::new());
            let spaces: Vec<Namespaced> =
                taken.iter().map(|name| Namespaced::new(all.clone(), name).unwrap()).collect();
            let mut model: Vec<BTreeMap<String, Value>> = vec![BTreeMap::new(); spaces.len()];
            for (at, (key, space)) in keys.iter().enumerate() {
                let space = space % spaces.len();
                let value = Value::from(at.to_string().as_str());
                spaces[space].set(key, value.clone()).await.unwrap();
                model[space].insert(key.clone(), value);
            }
            let cleared = cleared % spaces.len();
            spaces[cleared].clear(String::new(), false).await.unwrap();
            model[cleared].clear();

            let mut physical = BTreeSet::new();
            for ((space, name), model) in spaces.iter().zip(&taken).zip(&model) {
                let listed: BTreeSet<String> = space.keys("").await.unwrap().into_iter().collect();
                assert_eq!(listed, model.keys().cloned().collect(), "in {name}");
                for (key, _) in &keys {
                    assert_eq!(space.get(key).await.unwrap(), model.get(key).cloned(), "{key} in {name}");
                }
                physical.extend(model.keys().map(|key| format!("{name}/{key}")));
            }
            assert_eq!(all.keys("").await.unwrap().into_iter().collect::<BTreeSet<_>>(), physical);
        });
    }

    /// A namespace in a namespace is the namespace of both names.
    #[test]
    fn namespaces_nest(outer in namespace(), inner in namespace(), key in ".{0,5}") {
        block_on(async {
            let all: Arc<dyn ByteStore> = Arc::new(InMemoryByteStore::new());
            let nested = Namespaced::new(Arc::new(Namespaced::new(all.clone(), &outer).unwrap()), &inner).unwrap();
            let flat = Namespaced::new(all.clone(), &format!("{outer}/{inner}")).unwrap();
            nested.set(&key, "v").await.unwrap();
            assert_eq!(flat.get(&key).await.unwrap(), Some("v".into()));
            assert_eq!(all.keys("").await.unwrap(), [format!("{outer}/{inner}/{key}")]);
            flat.set_many([(key.as_str(), "w")].into(), Ttl::Never).await.unwrap();
            flat.delete_many(Keys::from(["none"])).await.unwrap();
            assert_eq!(nested.keys("").await.unwrap(), [key.as_str()]);
            assert_eq!(nested.get(&key).await.unwrap(), Some("w".into()));
        });
    }
}
