#!/bin/sh
# Tells in a few minutes whether training gives the same weights again: 40 steps on what prepare.ts wrote, in one go and,
# from nothing again, ended halfway and gone on with.
set -e
here=$(cd "$(dirname "$0")" && pwd)
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
mkdir "$there/build"
cp "$here/train.py" "$here/vocabulary.json" "$there"
for data in tokens.u16 weights.u8 lengths.u32; do
  ln -s "$here/build/$data" "$there/build"
done
train() {
  /usr/bin/python3 "$there/train.py" --compile --steps 40 --copying 10 "$@"
}
train
mv "$there/build/weights.f32" "$there"
train --until 20
train --resume
cmp "$there/weights.f32" "$there/build/weights.f32"
echo "the same weights"
