"""What every `Objects` promises. Subclass `ObjectsSuite` in a test module and give it an `objects` fixture."""

from __future__ import annotations

import threading
from typing import Any

ODD_PARTS = ("%2E%2E", "é", "a b", "x%2Fy", "*~", "+&=;", "[x]|{}", "%.t", "'\"")


class ObjectsSuite:
    """Bytes under keys."""

    def test_what_was_put_is_got(self, objects: Any) -> None:
        for key, data in (("a", b"1"), ("b/c/d", b""), ("b/c/e", bytes(range(256)))):
            objects.put(key, data)
            assert bytes(objects.get(key)) == data
            assert objects.size(key) == len(data)

    def test_an_object_is_replaced(self, objects: Any) -> None:
        objects.put("a", b"long before")
        objects.put("a", memoryview(b"new"))
        assert bytes(objects.get("a")) == b"new"

    def test_what_is_not_there_is_none(self, objects: Any) -> None:
        objects.put("a/b", b"1")
        for key in ("missing", "a", "a/b/c", "a/c"):
            assert objects.get(key) is None
            assert objects.size(key) is None
            assert objects.get_range(key, 0, 1) is None
            assert objects.open(key) is None

    def test_ranges(self, objects: Any) -> None:
        objects.put("a", b"0123456789")
        assert bytes(objects.get_range("a", 2, 3)) == b"234"
        assert bytes(objects.get_range("a", 8, 100)) == b"89"
        assert bytes(objects.get_range("a", 10, 5)) == b""

    def test_a_file_is_read_from_any_position(self, objects: Any) -> None:
        objects.put("a", b"0123456789")
        file = objects.open("a")
        file.seek(4)
        assert bytes(file.read(2)) == b"45"
        file.seek(0)
        assert bytes(file.read()) == b"0123456789"

    def test_keys_below_a_prefix(self, objects: Any) -> None:
        for key in ("p/b", "p/a/x", "pp", "q/a"):
            objects.put(key, b"1")
        assert list(objects.keys()) == ["p/a/x", "p/b", "pp", "q/a"]
        assert list(objects.keys("p")) == ["p/a/x", "p/b"]
        assert list(objects.keys("nothing")) == []

    def test_deleted_is_gone_and_may_be_so_already(self, objects: Any) -> None:
        objects.put("a", b"1")
        objects.put("b", b"1")
        objects.delete("a", "missing/one", "b")
        assert list(objects.keys()) == []
        objects.delete()

    def test_odd_names(self, objects: Any) -> None:
        for part in ODD_PARTS:
            objects.put(f"odd/{part}.x", part.encode())
        assert set(objects.keys("odd")) == {f"odd/{part}.x" for part in ODD_PARTS}
        for part in ODD_PARTS:
            assert bytes(objects.get(f"odd/{part}.x")) == part.encode()

    def test_large_objects(self, objects: Any) -> None:
        data = b"0123456789abcdef" * (20 * 65_536)
        objects.put("large", data)
        assert bytes(objects.get("large")) == data

    def test_several_threads(self, objects: Any) -> None:
        def put(number: int) -> None:
            for turn in range(5):
                objects.put(f"t/{number}/{turn}", str(number).encode())

        threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(objects.keys("t"))) == 20
