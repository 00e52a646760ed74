"""LangChain for Python's cache of embeddings: a request in JSON a line of stdin, an answer in JSON a line of stdout.

Numbers pass as the hexadecimal digits of their 64 bits, for JSON knows no NaN, and here no difference of 1 and 1.0.
"""

import json
import struct
import sys

from langchain_classic.embeddings import CacheBackedEmbeddings
from langchain_community.storage import RedisStore
from langchain_core.embeddings import Embeddings
from langchain_core.stores import InMemoryByteStore


def vector(told):
    """What stands for a vector: digits of floats, or a list as Python's json has it."""
    if told.startswith("["):
        return json.loads(told)
    return list(struct.unpack(f"<{len(told) // 16}d", bytes.fromhex(told)))


def digits(numbers):
    return struct.pack(f"<{len(numbers)}d", *numbers).hex()


class Model(Embeddings):
    """Answers with the vectors it is told, and no others; keeps what it is asked."""

    def __init__(self, documents, queries):
        self.documents, self.queries = documents, queries
        self.asked, self.asked_queries = [], []

    def embed_documents(self, texts):
        self.asked.append(texts)
        return [vector(self.documents[text]) for text in texts]

    def embed_query(self, text):
        self.asked_queries.append(text)
        return vector(self.queries[text])


class SpyStore(InMemoryByteStore):
    """Keeps the keys of each call, in its order."""

    def __init__(self):
        super().__init__()
        self.written = []

    def mset(self, key_value_pairs):
        self.written += [key for key, _ in key_value_pairs]
        super().mset(key_value_pairs)


def cache(model, store, encoder, namespace, **options):
    if encoder != "sha1":  # the default: as applications have it
        options["key_encoder"] = encoder
    return CacheBackedEmbeddings.from_bytes_store(model, store, namespace=namespace, **options)


def keys(texts, encoder, namespace):
    """The key of each text."""
    store = SpyStore()
    cache(Model({text: "[0.5]" for text in texts}, {}), store, encoder, namespace).embed_documents(texts)
    return store.written


def embed(redis, encoder, namespace, documents, query, query_cache, known):
    """Vectors of `documents`, and of `query` if there is one; what `known` has is all that the model knows.

    `query_cache` is what LangChain calls `query_embedding_cache`, or the namespace of a Redis store for it.
    """
    model = Model(known["documents"], known["queries"])
    if isinstance(query_cache, str):
        query_cache = RedisStore(redis_url=redis, namespace=query_cache)
    store = RedisStore(redis_url=redis, namespace="app")
    cached = cache(model, store, encoder, namespace, query_embedding_cache=query_cache)
    return {
        "documents": [digits(numbers) for numbers in cached.embed_documents(documents)] if documents else [],
        "query": None if query is None else digits(cached.embed_query(query)),
        "asked": model.asked,
        "askedQueries": model.asked_queries,
    }


for line in sys.stdin.buffer:
    request = json.loads(line)
    call = {"keys": keys, "embed": embed}[request.pop("call")]
    try:
        answer = {"answer": call(**request)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
