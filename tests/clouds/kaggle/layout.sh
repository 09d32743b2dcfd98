# Runs as the first process of namespaces of its own: lays out the files of one session as the
# service has them, and starts a command there. The machine itself is left as it was.
#   sh layout.sh SESSION IMAGE COMMAND...
# SESSION has the folders src and working, and `mounts`: lines of source, tab, place.
set -eu
session=$1
image=$2
shift 2
root=$session/root
mkdir -p "$root"
mount -t tmpfs -o mode=755 session "$root"

for entry in /*; do
  name=${entry#/}
  if [ "$name" = kaggle ]; then
    continue
  elif [ -L "$entry" ]; then
    cp -P "$entry" "$root/$name"
  elif [ -d "$entry" ]; then
    mkdir "$root/$name"
    mount --rbind "$entry" "$root/$name"
  fi
done

mkdir -p "$root/kaggle/src" "$root/kaggle/working" "$root/kaggle/input"
mount --bind "$session/src" "$root/kaggle/src"
mount --bind "$session/working" "$root/kaggle/working"
while IFS="$(printf '\t')" read -r source place; do
  mkdir -p "$root$place"
  mount --bind "$source" "$root$place"
  mount -o remount,bind,ro "$root$place"
done <"$session/mounts"

# What a session installs is gone with it.
mkdir -p "$session/upper" "$session/work"
mount -t overlay -o "lowerdir=$image,upperdir=$session/upper,workdir=$session/work" \
  session "$root$image"

# A network of its own begins without the way to itself, which notebooks need.
"$image/bin/python3" -I "$(dirname "$0")/loopback.py"

chroot "$root" /bin/sh -c 'cd /kaggle/working && exec "$@"' sh "$@"
