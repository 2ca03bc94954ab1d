/** Tests of transfers against a fake engine that counts what it holds. */
@NullMarked
package dev.andante.kvtransfer;

import org.jspecify.annotations.NullMarked;
