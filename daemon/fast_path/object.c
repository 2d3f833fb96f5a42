/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.c as it was compiled, an ELF object, in which libbpf reads in place.
 */
#include "object.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	".global fast_path_object\n"
	"fast_path_object:\n"
	".incbin \"" PROGRAM "\"\n"
	".global fast_path_object_end\n"
	"fast_path_object_end:\n"
	".byte 0\n"
	".previous\n");
