#!/usr/bin/perl
# Checks an export of an audit, from docs/audit-format.md alone. Usage: verifyAudit.pl FILE [ENTRIES ROOT-IN-HEX]
# Prints a line for the first fault, with the number of the entry, or the number of entries and the root of their tree.
use strict;
use warnings;
use Digest::SHA qw(sha256 sha256_hex);

my ($file, $size, $root) = @ARGV;
my %rules = (
  act => '"[a-z][A-Za-z]*(?:\.[A-Za-z]+)+"',
  at => '(?:0|[1-9][0-9]*)',
  by => '"[0-9a-f]{32}"',
  call => '"[a-z][A-Za-z]*(?:\.[A-Za-z]+)*"',
  code => '"[A-Za-z][A-Za-z0-9_]*"',
  id => '"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"',
  log => '"[0-9a-f]{32}"',
  n => '\{"[a-z][A-Za-z0-9]*":(?:0|-?[1-9][0-9]*)(?:,"[a-z][A-Za-z0-9]*":(?:0|-?[1-9][0-9]*))*\}',
  operation => '"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"',
  out => '"(?:done|refused|failed|asked)"',
  prev => '"[0-9a-f]{64}"',
  root => '"[0-9a-f]{64}"',
  seq => '(?:0|[1-9][0-9]*)',
  step => '"[A-Za-z0-9_.:-]{1,100}"',
  subject => '"[0-9a-f]{32}"',
  upstream => '"[A-Za-z0-9_.:-]{1,100}"',
  v => '1',
  via => '"(?:app|socket|inspector|commandLine|client)"',
);
my @needed = qw(act at id log prev seq v);

# An entry as its fields, or nothing where the line is none.
sub fields {
  my ($line) = @_;
  return unless $line =~ /^\{(.*)\}$/s;
  my ($rest, $last, %found) = ($1, '');
  while ($rest ne '') {
    return unless $rest =~ s/^"([a-z]+)"://;
    my $name = $1;
    return unless exists $rules{$name} && $name gt $last;
    return unless $rest =~ s/^($rules{$name})(?:,(?=.)|$)//s;
    ($found{$name} = $1) =~ s/^"(.*)"$/$1/;
    $last = $name;
  }
  return if grep { !exists $found{$_} } @needed;
  for (map { /(?<=:)-?[0-9]+/g } ":$found{at}", ":$found{seq}", $found{n} // '') {
    return if length > 17 || abs($_) > 9007199254740991;
  }
  if (exists $found{n}) {
    my @names = $found{n} =~ /"([^"]+)":/g;
    for (1 .. $#names) { return unless $names[$_] gt $names[$_ - 1] }
  }
  return \%found;
}

# The root of a tree by the roots of its full parts, the largest first.
sub rootOf {
  my @parts = @_;
  return sha256('') unless @parts;
  my $right = pop @parts;
  $right = sha256("\x01" . pop(@parts) . $right) while @parts;
  return $right;
}

sub fault { print "$_[0]\n"; exit 1 }

open(my $in, '<:raw', $file) or die "Can't read $file: $!\n";
my ($count, $prev, $log, %ids, @parts, $then) = (0, '0' x 64);
while (my $line = <$in>) {
  chomp $line;
  my $entry = fields($line) or fault("entry $count: no entry");
  my ($seq, $fits) = ($entry->{seq}, $entry->{prev} eq $prev);
  fault("entry $count: numbered $seq") if $seq != $count && $fits;
  fault("entry $count: missing, or in another place") if $seq > $count;
  fault("entry $seq: there a second time") if $seq < $count;
  fault("entry " . ($count && $count - 1) . ": not what the next one says of it") if !$fits;
  $log = $entry->{log} unless defined $log;
  fault("entry $count: of another log") if $entry->{log} ne $log;
  fault("entry $count: its id is that of another") if $ids{$entry->{id}}++;
  my $node = sha256("\x00$line");
  $prev = sha256_hex("\x00$line");
  for (my $rest = $count; $rest % 2 == 1; $rest = int($rest / 2)) {
    $node = sha256("\x01" . pop(@parts) . $node);
  }
  push @parts, $node;
  $count += 1;
  $then = unpack('H*', rootOf(@parts)) if defined $size && $count == $size;
}
$then = unpack('H*', rootOf()) if defined $size && $size == 0;
if (defined $size) {
  fault("entry $count: cut off") if $count < $size;
  fault("other than the checkpoint") if $then ne $root;
}
print "$count ", unpack('H*', rootOf(@parts)), "\n";
