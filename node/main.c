/* main.c: wardd. Everything is in node/wardd.c. */
#include "node/wardd.h"

int main(int argc, char **argv)
{
    return wardd_main(argc, argv);
}
