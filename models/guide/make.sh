#!/bin/sh
# Makes guide.gguf. `make.sh on` goes on from the file there is, which is how a changed answer or a new tool gets into it:
# a training, the mean of four points of its way, and a little more at low rates from there. `make.sh` begins with
# nothing: the whole training, twice a little more at low rates, where the samples have more of the corpus, and the mean
# of the last two. What the samples are is told by `lib/courses.ts`.
set -e
here=$(dirname "$0")
# Memory in huge pages: the same numbers, sooner.
export THP_MEM_ALLOC_ENABLE=1 GLIBC_TUNABLES=glibc.malloc.hugetlb=1
# Processors that multiply in half precision do all with one kind of threads. Elsewhere OpenBLAS has its own, and those
# that wait for it must not keep the cores.
grep -q avx512bw /proc/cpuinfo || export OMP_WAIT_POLICY=passive
train() {
  /usr/bin/python3 "$here/train.py" --compile "$@"
}
average() {
  /usr/bin/python3 "$here/average.py" "$@"
}
case $1 in
on)
  bun "$here/begin.ts"
  bun "$here/prepare.ts" on
  rates="--copying 0 --matrix-rate 0.007 --rate 0.001"
  from="--begin $here/build/begin.f32"
  for step in 600 1000 1600 2000; do
    train $from $rates --steps 2400 --until $step --cool-down 0.9
    mv "$here/build/weights.f32" "$here/build/$step.f32"
    from=--resume
  done
  average "$here/build/600.f32" "$here/build/1000.f32" "$here/build/1600.f32" "$here/build/2000.f32"
  mv "$here/build/weights.f32" "$here/build/mean.f32"
  train --resume --begin "$here/build/mean.f32" $rates --steps 2240 --until 2160 --cool-down 0.75
  ;;
"")
  bun "$here/prepare.ts"
  train
  train --resume --steps 9200 --cool-down 0.75
  cp "$here/build/weights.f32" "$here/build/second.f32"
  train --resume --steps 9600 --cool-down 0.3
  average "$here/build/second.f32" "$here/build/weights.f32"
  ;;
*)
  echo "usage: $0 [on]" >&2
  exit 2
  ;;
esac
bun "$here/convert.ts"
bun "$here/evaluate.ts"
