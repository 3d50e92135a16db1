"""Makes the files of this folder with the tools whose names they bear.

Run it with pandas, duckdb, pyarrow and dataknobs-structures installed; each file is small, so that it can be read
in a diff. ``spreadsheet-*`` are made by hand, in the form that LibreOffice Calc and Excel give CSV in most of Europe.
"""

import csv
import io
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from dataknobs_structures import RecordStore

FOLDER = Path(__file__).parent

frame = pd.DataFrame(
    {
        "name": ["Ada", 'O"Neil, "Ned"', "two\nlines", None],
        "n": [1, 2, 3, 4],
        "some": pd.array([1, None, 3, None], dtype="Int64"),
        "f": [1.5, float("nan"), -0.0, 1e300],
        "ok": [True, False, True, False],
        "maybe": pd.array([True, None, False, None], dtype="boolean"),
        "t": pd.to_datetime(
            ["2024-01-31 10:00:00", None, "1999-12-31 23:59:59.999999", "2024-02-29 00:00:00"], format="ISO8601"
        ),
        "z": pd.to_datetime(["2024-01-31 10:00:00+01:00", None, None, "2024-02-29 00:00:00+00:00"], utc=True),
        "zip": ["01234", "00501", "99999", None],
    }
)
nested = pd.DataFrame({"user": [{"name": "Ada", "tags": ["x", "y"]}, {"name": "Alan", "tags": []}], "n": [1, 2]})


def pandas() -> None:
    frame.to_csv(FOLDER / "pandas.csv", index=False)
    frame.to_csv(FOLDER / "pandas-index.csv")
    frame.to_csv(FOLDER / "pandas.csv.gz", index=False, compression={"method": "gzip", "mtime": 1})
    frame.to_csv(
        FOLDER / "pandas-excel.csv", index=False, sep=";", decimal=",", encoding="utf-8-sig", lineterminator="\r\n"
    )
    frame.to_csv(FOLDER / "pandas-quoted.csv", index=False, quoting=csv.QUOTE_ALL)
    frame.to_csv(FOLDER / "pandas-null.tsv", index=False, sep="\t", na_rep="NULL")
    frame.head(0).to_csv(FOLDER / "pandas-header-only.csv", index=False)
    frame.to_json(FOLDER / "pandas.json", orient="records", date_format="iso")
    frame.to_json(FOLDER / "pandas.jsonl", orient="records", lines=True, date_format="iso")
    nested.to_json(FOLDER / "pandas-nested.json", orient="records", indent=2)
    frame.to_json(FOLDER / "pandas-columns.json")
    frame.to_csv(FOLDER / "pandas-utf16.csv", index=False, encoding="utf-16")


def duck() -> None:
    duckdb.sql("SET timezone = 'UTC'")
    duckdb.register("rows", frame)
    duckdb.register("nested", nested)
    some = "(SELECT name, n, ok FROM rows)"
    duckdb.sql(f"COPY rows TO '{FOLDER}/duckdb.csv' (HEADER)")
    duckdb.sql(f"COPY rows TO '{FOLDER}/duckdb.json'")
    duckdb.sql(f"COPY nested TO '{FOLDER}/duckdb-array.json' (ARRAY true)")
    duckdb.sql(f"COPY {some} TO '{FOLDER}/duckdb.jsonl.zst' (FORMAT json, COMPRESSION zstd)")
    duckdb.sql(f"COPY {some} TO '{FOLDER}/duckdb.tsv' (FORMAT csv, DELIMITER '\t', HEADER)")


def arrow() -> None:
    pyarrow.csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), FOLDER / "pyarrow.csv")


def record_store() -> None:
    for name in ["record-store.tsv", "record-store-empty.tsv"]:
        (FOLDER / name).unlink(missing_ok=True)
        store = RecordStore(str(FOLDER / name))
        if "empty" not in name:
            store.add_rec({"id": 1, "name": "Ada", "score": 9.5, "tags": ["x", "y"]})
            store.add_rec({"id": 2, "name": "a\ttab", "score": None, "active": True})
            store.add_rec({"id": 3, "name": "", "active": False})
        store.save()


def spreadsheets() -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(["Name", "Preis", "Anzahl", "Datum", "", "Aktiv"])
    writer.writerow(["Müller; Söhne", "1.234,50", "7", "31.01.2024", "", "WAHR"])
    writer.writerow(["Größe\nXL", "0,5", "", "", "", "FALSCH"])
    (FOLDER / "spreadsheet-semicolons.csv").write_bytes(text.getvalue().encode("utf-8-sig"))
    (FOLDER / "spreadsheet-sep.csv").write_bytes(b"sep=;\r\n" + text.getvalue().encode())
    (FOLDER / "spreadsheet-latin1.csv").write_bytes(text.getvalue().encode("latin-1"))


if __name__ == "__main__":
    pandas()
    duck()
    arrow()
    record_store()
    spreadsheets()
