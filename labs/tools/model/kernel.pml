/*
 * The formal twin: Trapline's ways into and out of the kernel, as spin can search them completely. See docs/model.md.
 *
 * Every option of the loop in `processor` is one step of the machine: what stands in it happens at once, and between
 * two steps an interrupt may come, or the other processor may do something. The comment in front of a step names the code
 * that it stands for. A task is named by its number; an address by the task whose it is.
 *
 * The variant is chosen with -D:
 *
 *     CPUS=1 or 2     processors
 *     RFLAGS=0 or 1   switch_context saves RFLAGS (from chapter 4 on)
 *     PCR=0 or 1      what an entry needs is the processor's own (from chapter 5 on), not global
 *     TICKS=n         no more than n ticks; without it any number
 *     TO_THE_END      go on when a task enters on another's stack, until one returns with another's RCX: the panic
 *     FOLLOW          tell a process about each event, which says whether that is what happened in a recorded run
 */
#ifndef CPUS
#define CPUS 1
#endif

#define KLOGD 0     /* a kernel thread, the head of the run queue; what follows are the others in the order of the queue */
#define SH 1        /* waits for a key in read() */
#define INIT 2      /* yields, and now and then looks for dead children */
#define IDLE 3      /* the second processor's: not chosen any more once it has given up the processor */
#define is_user(task) (task == SH || task == INIT)

#ifndef ROOM
#define ROOM 6      /* items that a kernel stack holds: enough for a tick in a tick. The real one holds 16 KiB. */
#endif

/* Where a processor is. */
mtype = { program,
               syscall_entry, load_stack, push_frame, dispatch, syscall_exit, sysret,
               sys_read, sys_yield, schedule, publish, entry_state, user_state, switch_context, load_rsp, load_cr3, switch_return,
               trace_publish, interrupt_dispatch, interrupt_exit,
               irq_disable, irq_enable, klogd_yield, idle, first_run };

/* What steps tell, under the names of `make timeline`; and what only a model can tell. */
mtype = { syscall_enter, syscall_leave, interrupt_enter, interrupt_leave, published, switched, panic,
          sysret_done, iret_done, wrong_stack, wrong_rsp };

/* A word on a kernel stack to return to, with what was pushed beside it. */
typedef Item {
    mtype rip;
    bit iflag;      /* RFLAGS.IF */
    byte rcx, rsp;  /* frame of an entry from ring 3: whose return address and whose user stack */
    byte rdi, rsi   /* frame of an interrupt of ring 0: the registers that schedule() was using, prev and next */
};

typedef Task {
    Item stack[ROOM];
    byte rsp;       /* Task::rsp while it does not run: the items on its stack then */
    byte user_rsp;  /* Task::user_rsp: whose */
    bit running     /* Task::running: a processor has it */
};
Task task[4];

/* The registers of a processor. RSP is two numbers: whose kernel stack it is on, and how many items are there. */
typedef Registers {
    mtype rip;
    bit iflag;
    byte cr3, stack, depth, rdi, rsi
};
Registers cpu[CPUS];
#define RIP cpu[me].rip
#define IF cpu[me].iflag
#define CR3 cpu[me].cr3
#define STACK cpu[me].stack
#define DEPTH cpu[me].depth
#define PREV cpu[me].rdi
#define NEXT cpu[me].rsi
#define TOP task[STACK].stack[DEPTH - 1]

#ifdef TICKS
byte ticks = TICKS;
#define may_tick (IF && ticks > 0)
#define tick_came ticks--
#else
#define may_tick IF
#define tick_came skip
#endif

/* What the entry paths go by: one of each for all, or one of each for every processor. */
#if PCR
#define OWN me
#else
#define OWN 0
#endif
byte kernel_stack[CPUS];        /* whose stack is published: CURRENT_KERNEL_STACK and tss.rsp0, from chapter 5 on the latter */
byte user_rsp_scratch[CPUS];    /* whose RSP is kept: USER_RSP_SCRATCH, from chapter 5 on pcr().scratch_rsp */

#ifdef FOLLOW
chan event = [0] of { mtype, byte, byte, byte, bit, byte };
#define step atomic
#define tell(what, iflag, about) event ! what, CR3, STACK, kernel_stack[OWN], iflag, about
#define remark(what, about) skip
#define claim(property) property    /* the processor stands still if it does not hold */
#define AFTER_PUBLISHING RIP = trace_publish
#else
#define step d_step
#define tell(what, iflag, about) \
    printf("@ %d %e running=%d stack=%d published=%d if=%d about=%d %e\n", \
        me, what, CR3, STACK, kernel_stack[OWN], iflag, about, RIP)
#define remark(what, about) tell(what, IF, about)
#define claim(property) assert(property)
#define AFTER_PUBLISHING tell(published, IF, NEXT); RIP = entry_state
#endif

inline clear_top() {
    TOP.rip = 0; TOP.iflag = 0; TOP.rcx = 0; TOP.rsp = 0; TOP.rdi = 0; TOP.rsi = 0
}

inline push(ip) {
    DEPTH++;
    clear_top();
    TOP.rip = ip
}

/* While every task is on its own stack, nobody will ask for what was popped; without it, states that differ in nothing
   else are one. Afterwards a wrong stack pointer may well find it again. */
inline pop() {
#ifndef TO_THE_END
    clear_top();
#endif
    DEPTH--
}

/* The first property, for system calls and interrupts: no task builds a frame on the kernel stack of another. */
inline entered() {
    if
    :: STACK != CR3 -> remark(wrong_stack, STACK);
#ifndef TO_THE_END
        claim(STACK == CR3)
#endif
    :: else
    fi
}

/* The second property: each task returns to ring 3 with its own RCX (or RIP) and its own RSP, and so uses no other's frame. */
inline returned(how, rip_of, rsp_of) {
    if
    :: rip_of != CR3 -> tell(panic, 0, rip_of)
    :: else -> remark(how, rip_of)
    fi;
    claim(rip_of == CR3);
    if
    :: rsp_of != CR3 -> remark(wrong_rsp, rsp_of);
#ifndef TO_THE_END
        claim(rsp_of == CR3)
#endif
    :: else
    fi;
    pop();
    IF = 1;
    RIP = program
}

proctype processor(byte me) {
    do
    /* ---- the timer's interrupt: interrupt_entry.S, idt.cpp and devices.cpp in arch/x86_64 ---- */

    /* It may come before any step, if IF is set. From ring 3 the processor takes its stack from TSS.RSP0. */
    :: step { may_tick && RIP == program ->
        tick_came;
        STACK = kernel_stack[OWN];
        DEPTH = 0;
        push(program);
        TOP.iflag = 1;
        TOP.rcx = CR3;
        TOP.rsp = CR3;
        entered();
        tell(interrupt_enter, 1, 3);
        IF = 0;
        RIP = interrupt_dispatch }
    /* From ring 0 it stays on the stack in use. */
    :: step { may_tick && RIP != program && DEPTH + 2 <= ROOM ->
        tick_came;
        tell(interrupt_enter, 1, 0);
        push(RIP);
        TOP.iflag = 1;
        TOP.rdi = PREV;
        TOP.rsi = NEXT;
        IF = 0;
        RIP = interrupt_dispatch }

    /* if (current()->is_user()) schedule(): programs are preempted, kernel threads are not */
    :: step { RIP == interrupt_dispatch && is_user(STACK) -> push(interrupt_exit); RIP = schedule }
    :: step { RIP == interrupt_dispatch && !is_user(STACK) -> RIP = interrupt_exit; tell(interrupt_leave, IF, 0) }

    /* A program that has never run: its first switch returns to interrupt_exit, and that to ring 3. */
    :: step { RIP == first_run -> RIP = interrupt_exit }

    /* interrupt_exit: the pops and IRETQ */
    :: step { RIP == interrupt_exit && TOP.rip == program ->
        returned(iret_done, TOP.rcx, TOP.rsp) }
    :: step { RIP == interrupt_exit && TOP.rip != program ->
        RIP = TOP.rip;
        IF = TOP.iflag;
        PREV = TOP.rdi;
        NEXT = TOP.rsi;
        pop() }

    /* ---- a system call: solutions/02-syscall/arch/x86_64/syscall_entry.S, from chapter 5 on solutions/05-pcr-swapgs ---- */

    /* SYSCALL itself. FMASK clears IF; RCX becomes the address behind it, which belongs to the running program. */
    :: step { RIP == program -> IF = 0; RIP = syscall_entry }

    /* mov %rsp, USER_RSP_SCRATCH, or %gs:scratch_rsp */
    :: step { RIP == syscall_entry -> user_rsp_scratch[OWN] = CR3; RIP = load_stack }

    /* RSP from ENTRY_STACK: the variable, or tss.rsp0 of the PCR */
    :: step { RIP == load_stack -> STACK = kernel_stack[OWN]; DEPTH = 0; RIP = push_frame }

    /* push %rcx and the others; from chapter 5 on the user's RSP is among them */
    :: step { RIP == push_frame ->
        push(program);
        RIP = dispatch;
        TOP.rcx = CR3;
#if PCR
        TOP.rsp = user_rsp_scratch[OWN];
#endif
        entered();
        tell(syscall_enter, IF, 0) }

    /* syscall_dispatch(): the number is in the program's RAX. init calls sched_yield(), or wait4(), which finds nobody. */
    :: step { RIP == dispatch && CR3 == SH -> RIP = sys_read }
    :: step { RIP == dispatch && CR3 == INIT -> RIP = sys_yield }
    :: step { RIP == dispatch && CR3 == INIT -> RIP = syscall_exit; tell(syscall_leave, IF, 0) }

    /* sched_yield(), kernel/syscall/process_calls.cpp */
    :: step { RIP == sys_yield -> push(syscall_exit); RIP = schedule }

    /* read(): tty_wait_for_input() of solutions/03-globals-bug calls schedule() until a key has come, which may be never */
    :: step { RIP == sys_read -> push(sys_read); RIP = schedule }
    :: step { RIP == sys_read -> RIP = syscall_exit; tell(syscall_leave, IF, 0) }

    /* syscall_exit: cli */
    :: step { RIP == syscall_exit -> IF = 0; RIP = sysret }

    /* the pops, the user's RSP from USER_RSP_SCRATCH or from the frame, and SYSRET, which sets IF from R11 */
    :: step { RIP == sysret ->
#if PCR
        returned(sysret_done, TOP.rcx, TOP.rsp) }
#else
        returned(sysret_done, TOP.rcx, user_rsp_scratch[OWN]) }
#endif

    /* ---- schedule(): kernel/task/scheduler.cpp; on two processors solutions/06-smp/globals/kernel/task/scheduler.cpp ---- */

    /* prev = current(), which goes by the stack; next is the one behind it, on two processors the first that nobody runs */
    :: step { RIP == schedule ->
        PREV = STACK;
        NEXT = (STACK + 1) % 3;
        RIP = publish;
#if CPUS > 1
        if
        :: task[NEXT].running -> NEXT = (STACK + 2) % 3
        :: else
        fi;
        if
        :: task[NEXT].running -> NEXT = (STACK + 3) % 3
        :: else
        fi;
        if
        :: task[NEXT].running -> RIP = switch_return        /* nobody is free: schedule() returns */
        :: else -> task[NEXT].running = 1
        fi
#endif
        }

#if CPUS > 1 && PCR
    /* chapter 6 has a queue for each processor: a task may be free and not this processor's, and schedule() returns */
    :: step { RIP == schedule -> RIP = switch_return }
#endif

    /* if (next->is_user()) publish_kernel_stack(*next), in cpu_local.h of solutions/02-syscall or solutions/05-pcr-swapgs.
       From here on the published stack is not that of the task that runs: the window. */
    :: step { RIP == publish ->
        if
        :: is_user(NEXT) -> kernel_stack[OWN] = NEXT; AFTER_PUBLISHING
        :: else -> RIP = entry_state
        fi }
#ifdef FOLLOW
    /* A kernel that records says so a few instructions later; a tick may come before. */
    :: step { RIP == trace_publish -> tell(published, IF, NEXT); RIP = entry_state }
#endif

    /* switch_entry_state(*prev, *next), in the same file */
    :: step { RIP == entry_state ->
#if !PCR
        task[PREV].user_rsp = user_rsp_scratch[OWN];
        user_rsp_scratch[OWN] = task[NEXT].user_rsp;
#endif
        RIP = user_state }

    /* switch_user_state(*prev, *next), arch/x86_64/fpu.cpp: the FPU's, nothing here; the longest part of the window */
    :: step { RIP == user_state -> tell(switched, IF, NEXT); RIP = switch_context }

    /* switch_context: arch/x86_64/switch.S, from chapter 4 on solutions/04-rflags/arch/x86_64/switch.S.
       The callee-saved registers, with the flags then, join the return address of schedule(); prev->rsp = RSP */
    :: step { RIP == switch_context ->
#if RFLAGS
        TOP.iflag = IF;     /* pushfq */
        IF = 0;             /* cli */
#endif
        task[PREV].rsp = DEPTH;
        RIP = load_rsp }

    /* RSP = next->rsp: the window ends */
    :: step { RIP == load_rsp -> STACK = NEXT; DEPTH = task[NEXT].rsp; RIP = load_cr3 }

    /* CR3 = next->cr3; on several processors prev may run elsewhere from now on (PREV_HAS_STOPPED) */
    :: step { RIP == load_cr3 -> CR3 = NEXT; task[PREV].running = 0; RIP = switch_return;
#if RFLAGS
        IF = TOP.iflag      /* popfq */
#endif
        }

    /* the pops and RET of switch_context and schedule() */
    :: step { RIP == switch_return ->
        RIP = TOP.rip;
        pop();
        PREV = 0;           /* no more needed */
        NEXT = 0;
        if
        :: RIP == syscall_exit -> tell(syscall_leave, IF, 0)
        :: RIP == interrupt_exit -> tell(interrupt_leave, IF, 0)
        :: else
        fi }

    /* ---- klogd: solutions/03-globals-bug/kernel/idle.cpp ---- */

    :: step { RIP == irq_disable -> IF = 0; RIP = irq_enable }
    :: step { RIP == irq_enable -> IF = 1; RIP = klogd_yield }
    :: step { RIP == klogd_yield -> push(irq_disable); RIP = schedule }

    /* the second processor's idle task: solutions/06-smp/globals/arch/x86_64/processor_start.cpp */
    :: step { RIP == idle -> push(idle); RIP = schedule }
    od
}

/* A program that has never run. */
inline start_program(who) {
    task[who].stack[0].rip = program;
    task[who].stack[0].rcx = who;
    task[who].stack[0].rsp = who;
    task[who].stack[1].rip = first_run;
    task[who].rsp = 2;
    task[who].user_rsp = who
}

inline start_processor(number, who, where) {
    cpu[number].rip = where;
    cpu[number].cr3 = who;
    cpu[number].stack = who;
    task[who].running = 1
}

init {
    atomic {
        start_program(SH);
        start_program(INIT);
        start_processor(0, KLOGD, irq_enable);
        run processor(0);
#if CPUS > 1
        start_processor(1, IDLE, idle);
        run processor(1);
#endif
    }
}
