# Starts systemd in a copy of this machine that is thrown away: an overlay over its files, and namespaces of its own for
# processes, mounts, cgroups, names and messages. Nothing here reaches the machine itself: kernel settings are read-only
# inside, of units there are those alone that a test brings, and the network is the machine's own, for its loopback.
# $1: a directory for the copy, empty. The other arguments: directories that every account must be able to go through.
# Ends with 77 where this machine does not let it.
set -eu
trap 'exit 77' EXIT
copy=$1
shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$copy"
mkdir "$copy/upper" "$copy/work" "$copy/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$copy/upper,workdir=$copy/work" "$copy/root"
cd "$copy/root"
for directory; do chmod a+rx ".$directory"; done
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
ln -s pts/ptmx dev/ptmx
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
rm -rf lib/systemd/system/*.wants etc/systemd/system/* etc/fstab
ln -s /dev/null etc/systemd/system/systemd-remount-fs.service
cat > etc/systemd/system/test.target <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
UNIT
mkdir machine
pivot_root . machine
umount -l /machine
trap - EXIT
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=test.target \
    --log-target=null --show-status=0 </dev/null
