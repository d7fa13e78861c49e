#!/bin/sh
# Trains the guide on what prepare.ts wrote: the whole training, and twice a little more at low rates, where the samples
# have more of the corpus (`lib/courses.ts`). Each part goes on where the one before ended; the guide is the mean of the
# last two.
set -e
# Memory in huge pages: the same numbers, sooner.
export THP_MEM_ALLOC_ENABLE=1 GLIBC_TUNABLES=glibc.malloc.hugetlb=1
here=$(dirname "$0")
train() {
  /usr/bin/python3 "$here/train.py" --compile "$@"
}
train
train --resume --steps 9200 --cool-down 0.75
cp "$here/build/checkpoint.pt" "$here/build/second.pt"
train --resume --steps 9600 --cool-down 0.3
/usr/bin/python3 "$here/average.py" "$here/build/second.pt" "$here/build/checkpoint.pt"
