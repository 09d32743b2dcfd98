"""Fails on the third row of its data, which has no label."""

rows = [
    {"text": "good", "label": 1},
    {"text": "bad", "label": 0},
    {"text": "neither"},
]

x, y = [], []
for number, row in enumerate(rows, start=1):
    print(f"reading row {number}/{len(rows)}", flush=True)
    x.append(row["text"])
    y.append(row["label"])

print("never reached")
