# A short tour of the shell. Run it with: sh /etc/demo.sh
echo "== the system"
uname -a
uptime
echo "== its programs"
ls /bin | wc -l
echo "== processes"
ps
echo "== a pipe"
cat /etc/hello.txt | grep -n hello
echo "== statuses"
true && echo "true gives $?"
false || echo "false gives $?"
echo "== a file"
mkdir -p /tmp && echo one > /tmp/demo && echo two >> /tmp/demo
wc -l /tmp/demo
hexdump < /tmp/demo
rm /tmp/demo
