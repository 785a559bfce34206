from AlgorithmImports import *
from probe import Probe


class StoreKeys(Probe):
    """ObjectStore: which keys it takes, what comes back, what is listed, deletion, the file behind a key."""

    START, END = (2024, 8, 6), (2024, 8, 6)
    KEYS = ("plain", "with/folder.json", "a_b-c#d$e=f", "two words", "dots.in.name", "UPPER", "semi;colon", "per%cent")

    def set_up(self):
        for key in self.KEYS:
            try:
                self.note("save", key=key, ok=bool(self.object_store.save(key, "text of " + key)))
            except BaseException:
                self.note("save", key=key, ok="raised")
        self.look()
        self.at((2024, 8, 6), "10:01", self.again)

    def look(self):
        for key in ("plain", "with/folder.json", "UPPER", "upper", "never"):
            there = bool(self.object_store.contains_key(key))
            self.note("key", key=key, there=there, text=self.object_store.read(key) if there else None)
        self.note("keys", all=sorted(str(key) for key in self.object_store.keys))

    def again(self):
        ok = bool(self.object_store.save("plain", "second"))
        self.note("overwritten", ok=ok, text=self.object_store.read("plain"))
        path = self.object_store.get_file_path("plain")
        with open(path, encoding="utf-8") as file:
            self.note("file", text=file.read(), name=str(path).replace("\\", "/").split("/")[-1])
        self.note("bytes", ok=bool(self.object_store.save_bytes("raw.bin", b"\x01\x02")),
                  read=[int(byte) for byte in self.object_store.read_bytes("raw.bin")])
        for what in ("deleted", "deleted again"):
            self.note(what, ok=bool(self.object_store.delete("plain")))
        self.look()
