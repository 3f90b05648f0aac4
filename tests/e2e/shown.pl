# shown.pl ASK PAGE...: what pages show that is not there, one line for each: a command of a program that the program does not have, an option that its help does
# not name, an option of the configuration that there is not, a target that the Makefile does not have. The last line is "shown N", how many of these were looked
# at. ASK PROGRAM [WORD...] prints the help of a command, ASK option NAME what that option is, or they fail. The continuation of a command ("the same with `--rounds 5`") names no program and is passed over.
use strict;
use warnings;

my $ask = shift;
my (%helps, $shown);

sub help {
    my $words = join ' ', @_;
    $helps{$words} //= do {
        open my $pipe, '-|', $ask, @_ or die "$ask: $!";
        local $/;
        my $text = <$pipe> // '';
        close $pipe ? $text : '';
    };
    return $helps{$words};
}

# looked: one command line from the name of the program on. Gives: what is wrong with it, or nothing.
sub looked {
    my ($program, @words) = @_;
    my @names;
    push @names, shift @words while $program ne 'wardd' && @words && @names < ($program eq 'ward-sim' ? 1 : 2) && $words[0] =~ /^[a-z][a-z-]*$/;
    return () unless @names || grep { /^-/ } @words;
    if (@names == 2 && help($program, @names) eq '') {
        unshift @words, pop @names; # the second word is an operand
    }
    my $help = help($program, @names);
    return "`$program @names` is no command" if $help eq '';
    $shown++;
    my %known = map { $_ => 1 } $help =~ /(?<![\w-])(--?[a-z][a-z-]*)/g;
    return map { "`$program" . join('', map { " $_" } @names) . "` has no $_" } grep { !$known{$_} } map { /^\[?(--?[a-z][a-z-]*)/ ? $1 : () } @words;
}

my ($makefile) = map { local $/; open my $file, '<', 'Makefile' or die; <$file> } 1;
for my $page (@ARGV) {
    open my $file, '<', $page or die "$page: $!";
    my $number = 0;
    while (my $line = <$file>) {
        $number++;
        my @codes = $line =~ /^    (?! *[-*|] )(.*)/ ? ($1) : $line =~ /`([^`]+)`/g;
        for my $part (map { split /;|&&|\|(?= )|  +|#/ } @codes) {
            if ($part =~ m{(?:^|[\s/(])(ward|wardd|ward-bench|ward-sim) (.+)}) {
                print "$page:$number: $_\n" for looked($1, split ' ', $2);
            } elsif ($part =~ /^((?:cluster|node|keys|io|storage|crypto|memory|limits|log)\.[a-z_]+)(?::|$)/) {
                $shown++;
                print "$page:$number: there is no option $1\n" if help('option', $1) eq '';
            } elsif ($part =~ /^\$? *(?:[A-Z_]+=\S+ )*make (?:-\S+ )*(?:[A-Z_]+=(?:'[^']*'|[^'\s]\S*) )*([a-z][a-z-]*)/) {
                $shown++;
                print "$page:$number: make has no target $1\n" unless $makefile =~ /^\Q$1\E:/m;
            }
        }
    }
}
print 'shown ', $shown // 0, "\n";
