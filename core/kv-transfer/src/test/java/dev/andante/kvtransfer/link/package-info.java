@NullMarked
package dev.andante.kvtransfer.link;

import org.jspecify.annotations.NullMarked;
