// A database that an instance which has trapped was opening, or had open, is nobody's any more. Left alone it would stay
// without its object stores, or block whoever wants to delete it.
function __wbg_let_go(event) {
    if (typeof IDBVersionChangeEvent === "undefined" || !(event instanceof Event)) return;
    const { type, target } = event;
    if (type === "upgradeneeded") target.transaction.abort();
    else if (type === "success" && target.result instanceof IDBDatabase) target.result.close();
    else if (type === "versionchange") target.close();
}
